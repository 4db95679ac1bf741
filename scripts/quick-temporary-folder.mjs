import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where Linux has memory that is used like a folder. */
const IN_MEMORY = '/dev/shm';
/** f_type of tmpfs (statfs(2)). */
const TMPFS = 0x01021994;
/** The tests need some ten MiB of it at a time. */
const ENOUGH_BYTES = 1024 ** 3;

/**
 * A folder for temporary files that lies in memory and lets programs run, else the system's own. Tests lay out whole trees of
 * /sys and /proc and take them away again, which on a disk's file system takes a quarter of their time.
 */
export function quickTemporaryFolder() {
  try {
    const { type, bavail, bsize } = statfsSync(IN_MEMORY);
    return type === TMPFS && bavail * bsize >= ENOUGH_BYTES && letsProgramsRun(IN_MEMORY)
      ? IN_MEMORY
      : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Whether a program that lies there can be started: containers mount it noexec at times. */
function letsProgramsRun(parent) {
  const folder = mkdtempSync(join(parent, 'pinfold-'));
  try {
    const program = join(folder, 'program');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    return spawnSync(program).status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
