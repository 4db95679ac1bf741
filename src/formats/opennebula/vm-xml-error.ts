import { AppError, EXIT } from '../../domain/app-error.ts';

/** A vm.xml or driver message that is missing, cannot be read or contradicts itself. */
export class VmXmlError extends AppError {
  constructor(message: string, cause?: unknown) {
    super('E_VM_XML', EXIT.usage, message, cause);
  }
}
