/** A command of a page with what the page says it prints. Numbers are lines of the page, counted from 0. */
export interface Step {
  /** What a shell is given; lines that go on with `> ` are joined. */
  readonly command: string;
  readonly output: readonly string[];
  readonly firstOutputLine: number;
  readonly line: number;
}

/** A fenced block; `language` and `rest` are the words behind the fence. */
export interface Block {
  readonly language: string;
  readonly rest: string;
  readonly lines: readonly string[];
  /** The line of the fence that opens it, counted from 0. */
  readonly line: number;
}

/** Fenced blocks of a Markdown page, in order. Throws an Error for a fence that is never closed. */
export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = page.split('\n');
  for (let line = 0; line < lines.length; line += 1) {
    const opening = /^(`{3,})\s*(\S*)\s*(.*)$/.exec(lines[line]!);
    if (opening === null) continue;
    const [, fence, language, rest] = opening as unknown as readonly [string, string, string, string];
    const end = lines.indexOf(fence, line + 1);
    if (end < 0) throw new Error(`line ${line + 1}: the fenced block is never closed`);
    blocks.push({ language, rest, lines: lines.slice(line + 1, end), line });
    line = end;
  }
  return blocks;
}

/** The commands of a `console` block: `$ ` begins one, `> ` goes on with it, the rest is what it prints. */
export function stepsOf({ lines, line }: Block): readonly Step[] {
  const steps: { command: string; output: string[]; firstOutputLine: number; line: number }[] = [];
  lines.forEach((text, index) => {
    const at = line + 1 + index;
    const last = steps.at(-1);
    if (text.startsWith('$ '))
      steps.push({ command: text.slice(2), output: [], firstOutputLine: at + 1, line: at });
    else if (last === undefined) throw new Error(`line ${at + 1}: a console block begins with "$ "`);
    else if (text.startsWith('> ') && last.output.length === 0) {
      last.command += `\n${text.slice(2)}`;
      last.firstOutputLine = at + 1;
    } else last.output.push(text);
  });
  return steps;
}
