import { StringDecoder } from 'node:string_decoder';
import { visibleName } from '../../formats/map/visible-name.ts';

/** Characters of one line, and lines in all, that a node is let say. */
const MOST_CHARACTERS = 2000;
const MOST_LINES = 500;

/** Takes what a node says on standard error, piece by piece, and hands on whole lines that no terminal takes for orders. */
export class WordsFromAfar {
  readonly #decoder = new StringDecoder('utf8');
  readonly #tell: (line: string) => void;
  #rest = '';
  #lines = 0;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  readonly hear = (piece: Buffer): void => {
    const lines = (this.#rest + this.#decoder.write(piece)).split('\n');
    // Of a line without an end no more is kept than is shown.
    this.#rest = lines.pop()!.slice(0, MOST_CHARACTERS + 1);
    for (const line of lines) this.#say(line);
  };

  /** Hands on what came without a line end. */
  end(): void {
    const line = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (line !== '') this.#say(line);
  }

  #say(line: string): void {
    this.#lines += 1;
    if (this.#lines === MOST_LINES + 1)
      this.#tell(`More than ${MOST_LINES} lines came; the others are left out.`);
    if (this.#lines > MOST_LINES) return;
    const cut = line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)} …` : line;
    this.#tell(visibleName(cut.replace(/\r$/, '').replace(/^pinfold: /, '')));
  }
}

/** The same document with every text in it made visible ({@link visibleName}), for whoever shows it. */
export function visibleTexts<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) =>
    typeof part === 'string' ? visibleName(part) : part,
  ) as T;
}

/** A document as JSON in which each character that would not show is escaped, so that nothing is lost and no terminal obeys. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, character =>
    character === '\n' ? character : escaped(character),
  );
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    const unit = character.charCodeAt(at).toString(16).padStart(4, '0');
    return `\\u${unit}`;
  }).join('');
}
