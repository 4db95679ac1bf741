import { ProgressLine, type TerminalWrite } from './progress-line.ts';
import { bar } from './render/bars.ts';

/** Counts on a {@link ProgressLine} what is done of many things alike. */
export class CountLine {
  readonly #line: ProgressLine;
  #done = 0;

  /** `what`: how the things are called, `nodes read`. `write`: null for a standard error that is no terminal. */
  constructor(total: number, what: string, write?: TerminalWrite) {
    this.#line = new ProgressLine(() => `${bar(this.#done, total)} ${this.#done} of ${total} ${what}`, write);
  }

  /** One more is done. */
  step(): void {
    this.#done += 1;
  }

  /** All is over; the line goes. */
  end(): void {
    this.#line.end();
  }
}
