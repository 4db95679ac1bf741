import { AppError, EXIT } from '../../domain/app-error.ts';

/** The code of {@link DomainXmlError}, by which it is known where its class is another bundle's. */
export const DOMAIN_XML_CODE = 'E_DOMAIN_XML';

/** A domain XML that cannot be read, contradicts itself or cannot carry a placement; one sentence says which. */
export class DomainXmlError extends AppError {
  constructor(message: string, cause?: unknown) {
    super(DOMAIN_XML_CODE, EXIT.usage, message, cause);
  }
}
