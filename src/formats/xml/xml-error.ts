import { AppError, EXIT } from '../../domain/app-error.ts';

/** A text that is no XML as Pinfold takes it; the message names the document, the line and the rule. */
export class XmlError extends AppError {
  constructor(message: string, cause?: unknown) {
    super('E_XML', EXIT.usage, message, cause);
  }
}

/** The number of the line, from 1, that holds this offset. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
