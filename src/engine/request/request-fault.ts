import type { RequestErrorCode } from '../../domain/request-error-codes.ts';

/** Ends the reading of a request at its first error; `readRequest` turns it into a value. */
export class RequestFault extends Error {
  override readonly name = 'RequestFault';
  readonly code: RequestErrorCode;
  readonly option: string;

  constructor(code: RequestErrorCode, option: string, summary: string) {
    super(summary);
    this.code = code;
    this.option = option;
  }
}
