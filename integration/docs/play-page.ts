import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { masked } from './mask.ts';
import { type Block, blocksOf, stepsOf } from './parse-page.ts';
import type { Scratch } from './scratch.ts';

/** Where a page says something else than what came of it. */
export interface Difference {
  /** Counted from 1, as editors do. */
  readonly line: number;
  readonly what: string;
  readonly shown: readonly string[];
  readonly real: readonly string[];
}

/** A page that was played. */
export interface Played {
  /** How many commands and parts of the demo were compared. */
  readonly compared: number;
  readonly differences: readonly Difference[];
  /** The page with what really came, where that differs. */
  readonly rewritten: string;
}

/** Lines of a page that are to be others. */
interface Patch {
  readonly from: number;
  readonly count: number;
  readonly lines: readonly string[];
}

/**
 * Plays a page from top to bottom in a folder of its own:
 *
 * 1. A block with a file's path behind its language is written to that file; `+` in front appends to it.
 * 2. Each command of a `console` block is run by a shell. What it prints must be what the page shows, volatile parts
 *    masked. A code other than 0 must be shown by `$ echo $?` after it.
 * 3. A block `text demo` must be a run of lines that `pinfold demo` prints.
 */
export function playPage(scratch: Scratch, name: string, page: string): Played {
  const folder = scratch.folder(name, page);
  const differences: Difference[] = [];
  const patches: Patch[] = [];
  let previous = 0;
  let compared = 0;
  const compare = (
    at: { line: number; what: string; from: number },
    shown: readonly string[],
    real: readonly string[],
  ) => {
    compared += 1;
    if (isSame(shown, real)) return;
    differences.push({ line: at.line + 1, what: at.what, shown, real });
    patches.push({ from: at.from, count: shown.length, lines: real });
  };
  for (const block of blocksOf(page)) {
    if (block.language === 'console') {
      for (const { command, line, output, firstOutputLine } of stepsOf(block)) {
        if (previous !== 0 && command !== 'echo $?')
          throw new Error(
            `${name}, line ${line}: the command before it ended with ${previous}, so "$ echo $?" must follow`,
          );
        const { lines, code } = scratch.run(folder, command, previous);
        compare({ line, what: command, from: firstOutputLine }, output, lines);
        previous = code;
      }
    } else if (block.language === 'text' && block.rest === 'demo') {
      const real = excerpt(block, scratch.demo());
      compare({ line: block.line, what: 'pinfold demo', from: block.line + 1 }, block.lines, real);
    } else if (block.rest !== '') writeBlock(folder, block);
  }
  if (previous !== 0)
    throw new Error(`${name}: its last command ended with ${previous}, so "$ echo $?" must follow`);
  return { compared, differences, rewritten: patched(page, patches) };
}

function isSame(shown: readonly string[], real: readonly string[]): boolean {
  return shown.length === real.length && shown.every((line, index) => masked(line) === masked(real[index]!));
}

/** The lines of the demo from the block's first to its last; none when they are not there. */
function excerpt({ lines }: Block, demo: readonly string[]): readonly string[] {
  const start = demo.findIndex(line => masked(line) === masked(lines[0] ?? ''));
  if (start < 0) return [];
  const end = demo.findIndex((line, index) => index > start && masked(line) === masked(lines.at(-1)!));
  return demo.slice(start, Math.max(start, end) + 1);
}

function writeBlock(folder: string, { rest, lines, line }: Block): void {
  const appends = rest.startsWith('+');
  const path = normalize(rest.replace(/^\+/, ''));
  if (path.startsWith('..') || path.startsWith('/') || path.includes(' '))
    throw new Error(`line ${line + 1}: "${rest}" is no path of a file in the page's folder`);
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  const text = lines.map(one => `${one}\n`).join('');
  if (appends) appendFileSync(file, text);
  else writeFileSync(file, text);
}

function patched(page: string, patches: readonly Patch[]): string {
  const lines = page.split('\n');
  for (const { from, count, lines: real } of [...patches].reverse()) lines.splice(from, count, ...real);
  return lines.join('\n');
}
