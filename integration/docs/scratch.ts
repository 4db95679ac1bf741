import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** Where pages are played: the built program is `pinfold` there, and `try/` holds the nodes of `pinfold demo --into try`. */
export interface Scratch {
  /** A folder for one page, with nodes of its own where it names them; that of the page before is removed. */
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

/** Bytes that two copies of both nodes take, with room to spare. */
const ROOM = 200 * 1024 * 1024;

/** The nodes are thousands of small files, which are copied much faster in memory (tmpfs(5)) where there is room. */
function fastFolder(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > ROOM ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Makes the place in temporary folders; `checkout` holds the built program. */
export function makeScratch(checkout: string): Scratch {
  // What is run lies where programs may lie, which memory-backed folders need not allow.
  const home = mkdtempSync(join(tmpdir(), 'pinfold-docs-'));
  const top = mkdtempSync(join(fastFolder(), 'pinfold-docs-'));
  const bin = join(home, 'bin');
  mkdirSync(bin);
  const program = join(checkout, 'dist/pinfold.cjs');
  writeFileSync(join(bin, 'pinfold'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(join(bin, 'pinfold'), 0o755);
  const env = {
    PATH: [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    HOME: home,
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
  let folder: string | undefined;
  let told: readonly string[] | undefined;
  const made = run(top, 'pinfold demo --into try', 0);
  const remove = () => {
    for (const one of [top, home]) rmSync(one, { recursive: true, force: true });
  };
  if (made.code !== 0) {
    remove();
    throw new Error(`the demo failed: ${made.lines.join('\n')}`);
  }
  return {
    folder(page, text) {
      if (folder !== undefined) rmSync(folder, { recursive: true });
      folder = join(top, page.replaceAll(/\W/g, '-'));
      mkdirSync(folder, { recursive: true });
      for (const node of ['try/opennebula', 'try/proxmox'])
        if (text.includes(node))
          cpSync(join(top, node), join(folder, node), { recursive: true, preserveTimestamps: true });
      return folder;
    },
    run,
    demo: () => (told ??= run(top, 'pinfold demo', 0).lines),
    remove,
  };
}
