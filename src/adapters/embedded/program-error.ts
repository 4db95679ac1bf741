/** A program's refusal: its words on standard error. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
}
