import { isatty } from 'node:tty';
import { bar } from './render/bars.ts';

/** Nothing is drawn before this: what is over sooner needs no bar. */
const QUIET_MS = 1000;
const REDRAW_MS = 250;
/** How far a step is shown at most before it is over, in parts of its weight. */
const NEARLY = 0.95;

/** A part of the work: what it is called, and how long it is expected to take. */
export interface WorkPart {
  readonly name: string;
  readonly seconds: number;
}

/** A line on standard error that shows how far the work is; nothing where that is no terminal. */
export class ProgressBar {
  readonly #parts: readonly WorkPart[];
  readonly #start = Date.now();
  readonly #timer: NodeJS.Timeout | null;
  #part = 0;
  #partStart = Date.now();
  #isDrawn = false;

  constructor(parts: readonly WorkPart[]) {
    this.#parts = parts;
    this.#timer = isatty(2)
      ? setInterval(() => {
          this.#draw();
        }, REDRAW_MS)
      : null;
  }

  /** This part begins. */
  begin(part: number): void {
    this.#part = part;
    this.#partStart = Date.now();
    this.#draw();
  }

  /** The work is over; the line goes. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#isDrawn) process.stderr.write('\r\x1b[K');
  }

  #draw(): void {
    if (this.#timer === null || Date.now() - this.#start < QUIET_MS) return;
    const total = this.#parts.reduce((sum, { seconds }) => sum + seconds, 0);
    const before = this.#parts.slice(0, this.#part).reduce((sum, { seconds }) => sum + seconds, 0);
    const part = this.#parts[this.#part];
    const within =
      part === undefined ? 0 : Math.min(NEARLY * part.seconds, (Date.now() - this.#partStart) / 1000);
    this.#isDrawn = true;
    process.stderr.write(
      `\r\x1b[K${bar(before + within, total)} ${this.#part + 1} of ${this.#parts.length}: ${part?.name ?? ''}`,
    );
  }
}
