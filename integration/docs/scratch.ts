import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** Where pages are played: the built program is `pinfold` there, and `try/` holds the nodes of `pinfold demo --into try`. */
export interface Scratch {
  /** A folder for one page, with nodes of its own where it names them. */
  folder(page: string, text: string): string;
  run(folder: string, command: string, previous: number): CommandAnswer;
  /** What `pinfold demo` prints. */
  demo(): readonly string[];
  remove(): void;
}

/** What a command printed, both streams as they came, and its exit code. */
export interface CommandAnswer {
  readonly lines: readonly string[];
  readonly code: number;
}

/** A command that takes longer than this hangs. */
const PATIENCE_MS = 120_000;

/** Makes the place in a temporary folder; `checkout` holds the built program. */
export function makeScratch(checkout: string): Scratch {
  const top = mkdtempSync(join(tmpdir(), 'pinfold-docs-'));
  const bin = join(top, 'bin');
  mkdirSync(bin);
  const program = join(checkout, 'dist/pinfold.cjs');
  writeFileSync(join(bin, 'pinfold'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(join(bin, 'pinfold'), 0o755);
  const env = {
    PATH: [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    HOME: top,
    LANG: 'C.UTF-8',
  };
  const run = (folder: string, command: string, previous: number): CommandAnswer => {
    // What `echo $?` prints is the code of the command before it.
    const script = `(exit ${previous})\n${command}`;
    const { status, stdout, error } = spawnSync('/bin/sh', ['-c', `exec 2>&1\n${script}`], {
      cwd: folder,
      env,
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    });
    if (error !== undefined) throw error;
    return { lines: stdout === '' ? [] : stdout.replace(/\r?\n$/, '').split(/\r?\n/), code: status ?? 1 };
  };
  let told: readonly string[] | undefined;
  const made = run(top, 'pinfold demo --into try', 0);
  if (made.code !== 0) throw new Error(`the demo failed: ${made.lines.join('\n')}`);
  return {
    folder(page, text) {
      const folder = join(top, page.replaceAll(/\W/g, '-'));
      mkdirSync(folder, { recursive: true });
      for (const node of ['try/opennebula', 'try/proxmox'])
        if (text.includes(node))
          cpSync(join(top, node), join(folder, node), { recursive: true, preserveTimestamps: true });
      return folder;
    },
    run,
    demo: () => (told ??= run(top, 'pinfold demo', 0).lines),
    remove() {
      rmSync(top, { recursive: true, force: true });
    },
  };
}
