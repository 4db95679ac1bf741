import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The bundle that `npm run build` (and so `npm test`) makes. */
export const PROGRAM = join(__dirname, '../../dist/pinfold.cjs');

/** What the built program answered. */
export interface ProgramAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built `pinfold` as a user does; `nodeWords` are for Node itself. */
export function runPinfold(
  words: readonly string[],
  input: string | Buffer = '',
  nodeWords: readonly string[] = [],
): ProgramAnswer {
  if (!existsSync(PROGRAM)) throw new Error('dist/pinfold.cjs is missing: run "npm run build" first');
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeWords, PROGRAM, ...words], {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined },
  });
  return { code: status, stdout, stderr };
}
