import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** What a verb of the program said on the demo's node. */
export interface VerbAnswer {
  readonly command: string;
  readonly code: number | null;
  /** Lines of standard output, then of standard error, without blank ones at their ends. */
  readonly lines: readonly string[];
}

/** A verb that takes longer than this hangs. */
const PATIENCE_MS = 60_000;

/** Runs a verb of this program on a node of the demo, as its reader would; `input` is its standard input. */
export function runVerbOn(root: string, words: readonly string[], input = ''): VerbAnswer {
  const program = join(__dirname, 'pinfold.cjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words, '--root', root], {
    input,
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  return {
    command: `pinfold ${words.join(' ')}`,
    code: status,
    lines: `${stdout}${stderr}`.trim().split('\n'),
  };
}
