/** Exit codes of the command line (contract); hooks map all but 0 to 1. */
export const EXIT = {
  done: 0,
  internal: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  state: 5,
  partial: 6,
} as const;

/** A failure that a user can act on: `message` is one complete sentence that says what to do. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: string;
  readonly exit: number;

  constructor(code: string, exit: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.exit = exit;
  }

  /** Each bundle that is loaded when needed has a copy of this class, so that one knows the other's by the name. */
  static [Symbol.hasInstance](value: unknown): value is AppError {
    return value instanceof Error && value.name === 'AppError' && 'exit' in value;
  }
}
