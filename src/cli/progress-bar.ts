import { ProgressLine, type TerminalWrite } from './progress-line.ts';
import { bar } from './render/bars.ts';

/** How far a step is shown at most before it is over, in parts of its weight. */
const NEARLY = 0.95;

/** A part of the work: what it is called, and how long it is expected to take. */
export interface WorkPart {
  readonly name: string;
  readonly seconds: number;
}

/** A {@link ProgressLine} for work in parts, of which is known how long each usually takes. */
export class ProgressBar {
  readonly #parts: readonly WorkPart[];
  readonly #line: ProgressLine;
  #part = 0;
  #partStart = Date.now();

  /** `write`: null for a standard error that is no terminal. */
  constructor(parts: readonly WorkPart[], write?: TerminalWrite) {
    this.#parts = parts;
    this.#line = new ProgressLine(() => this.#text(), write);
  }

  /** This part begins. */
  begin(part: number): void {
    this.#part = part;
    this.#partStart = Date.now();
    this.#line.draw();
  }

  /** The work is over; the line goes. */
  end(): void {
    this.#line.end();
  }

  #text(): string {
    const total = this.#parts.reduce((sum, { seconds }) => sum + seconds, 0);
    const before = this.#parts.slice(0, this.#part).reduce((sum, { seconds }) => sum + seconds, 0);
    const part = this.#parts[this.#part];
    const within =
      part === undefined ? 0 : Math.min(NEARLY * part.seconds, (Date.now() - this.#partStart) / 1000);
    const { length } = this.#parts;
    return `${bar(before + within, total)} ${this.#part + 1} of ${length}: ${part?.name ?? ''}`;
  }
}
