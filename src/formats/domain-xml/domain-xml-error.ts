import { AppError, EXIT } from '../../domain/app-error.ts';

/** A domain XML that cannot be read, contradicts itself or cannot carry a placement; one sentence says which. */
export class DomainXmlError extends AppError {
  constructor(message: string, cause?: unknown) {
    super('E_DOMAIN_XML', EXIT.usage, message, cause);
  }
}
