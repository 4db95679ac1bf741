import { isatty } from 'node:tty';

/** Nothing is drawn before this: what is over sooner needs no line. */
const QUIET_MS = 1000;
const REDRAW_MS = 250;
/** What leaves the line empty, with the cursor at its beginning. */
const CLEAR = '\r\x1b[K';

/** Where a line is drawn; null = nowhere. */
export type TerminalWrite = ((text: string) => void) | null;

/**
 * A line on standard error that says how far the work is, from the second second on. It goes when the work is over, and also
 * when Ctrl-C ends it. Where standard error is no terminal, nothing is written.
 */
export class ProgressLine {
  readonly #text: () => string;
  readonly #write: TerminalWrite;
  readonly #start = Date.now();
  readonly #timer: NodeJS.Timeout | null;
  #isDrawn = false;

  constructor(text: () => string, write: TerminalWrite = terminal()) {
    this.#text = text;
    this.#write = write;
    this.#timer =
      write === null
        ? null
        : setInterval(() => {
            this.draw();
          }, REDRAW_MS);
  }

  /** Draws it anew, if the work takes long enough for that. */
  draw(): void {
    if (this.#write === null || Date.now() - this.#start < QUIET_MS) return;
    if (!this.#isDrawn) process.on('SIGINT', this.#interrupted);
    this.#isDrawn = true;
    this.#write(`${CLEAR}${this.#text()}`);
  }

  /** The work is over; the line goes. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    process.removeListener('SIGINT', this.#interrupted);
    this.#write?.(CLEAR);
  }

  /** Ends the program as it would have ended without us, unless somebody else listens for that. */
  readonly #interrupted = (): void => {
    this.end();
    if (process.listenerCount('SIGINT') === 0) process.kill(process.pid, 'SIGINT');
  };
}

function terminal(): TerminalWrite {
  return isatty(2)
    ? text => {
        process.stderr.write(text);
      }
    : null;
}
