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

  /**
   * Each bundle that is loaded when needed has a copy of this class, so that an AppError is known by its shape.
   * Subclasses are known by their class, as usual.
   */
  static override [Symbol.hasInstance](value: unknown): value is AppError {
    if (this !== AppError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return value instanceof Error && 'exit' in value && typeof value.exit === 'number';
  }
}
