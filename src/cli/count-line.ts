import { isatty } from 'node:tty';
import { bar } from './render/bars.ts';

/** Nothing is drawn before this: what is over sooner needs no line. */
const QUIET_MS = 1000;
const REDRAW_MS = 250;

/** A line on standard error that counts what is done of many things alike; nothing where that is no terminal. */
export class CountLine {
  readonly #what: string;
  readonly #total: number;
  readonly #write: (text: string) => void;
  readonly #start = Date.now();
  readonly #timer: NodeJS.Timeout | null;
  #done = 0;
  #isDrawn = false;

  /** `what`: how the things are called, `nodes read`. `write`: null for a standard error that is no terminal. */
  constructor(total: number, what: string, write = terminal()) {
    this.#total = total;
    this.#what = what;
    this.#write = write ?? (() => undefined);
    this.#timer =
      write === null
        ? null
        : setInterval(() => {
            this.#draw();
          }, REDRAW_MS);
  }

  /** One more is done. */
  step(): void {
    this.#done += 1;
  }

  /** All is over; the line goes. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#isDrawn) this.#write('\r\x1b[K');
  }

  #draw(): void {
    if (Date.now() - this.#start < QUIET_MS) return;
    this.#isDrawn = true;
    this.#write(`\r\x1b[K${bar(this.#done, this.#total)} ${this.#done} of ${this.#total} ${this.#what}`);
  }
}

function terminal(): ((text: string) => void) | null {
  return isatty(2)
    ? text => {
        process.stderr.write(text);
      }
    : null;
}
