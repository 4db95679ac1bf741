import { existsSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { TextTree } from '../../formats/text-tree.ts';
import type { TreeFiles } from './tree-files.ts';

/** Marks the proc folder of a process of the real machine, such as a hook that works on the tree. */
export const REAL_TASK_MARK = '.real';
/** A task's number in a path below /proc. */
const TASK_PATH = /^\/proc\/(\d+)\//;

const shown = new Set<string>();

/**
 * Shows this process in the tree's /proc, as any node shows its hooks, until it ends, and answers the tree's files
 * without those processes that ended since: who holds a lease can then be told from the tree alone, even after a
 * SIGKILL. Of the real machine only /proc/PID/stat is read.
 */
export function withOwnTask(files: TreeFiles): TextTree {
  showThisProcess(files);
  const isGone = (pid: string) => endedTask(files, pid);
  return {
    read: path => {
      const pid = TASK_PATH.exec(path)?.[1];
      return pid !== undefined && isGone(pid) ? null : files.read(path);
    },
    list: path => {
      const names = files.list(path);
      if (/^\/proc\/?$/.test(path)) return names.filter(name => !/^\d+$/.test(name) || !isGone(name));
      return names;
    },
  };
}

function showThisProcess(files: TreeFiles): void {
  const argv = [process.execPath, ...process.argv.slice(1)];
  const folder = files.placeOf(`/proc/${process.pid}/${REAL_TASK_MARK}`).slice(0, -REAL_TASK_MARK.length - 1);
  // Of an earlier process with this number; rmSync would load a module for it, which takes a millisecond.
  if (existsSync(join(folder, REAL_TASK_MARK))) unlinkSync(join(folder, REAL_TASK_MARK));
  // First the start time, because a marked folder without it is taken for one that ended; then the mark, because a folder
  // without it would stay when this process is killed between two of these lines.
  writeFileSync(join(folder, 'stat'), realStat(`${process.pid}`) ?? '');
  writeFileSync(join(folder, REAL_TASK_MARK), '');
  writeFileSync(join(folder, 'comm'), 'node\n');
  writeFileSync(join(folder, 'cmdline'), argv.map(word => `${word}\0`).join(''));
  if (shown.size === 0) process.once('exit', hideThisProcess);
  shown.add(folder);
}

function hideThisProcess(): void {
  for (const folder of shown) rmSync(folder, { recursive: true, force: true });
}

/** Whether this is the folder of a real process that is gone; it is then removed. */
function endedTask(files: TreeFiles, pid: string): boolean {
  const folder = join(files.root, 'proc', pid);
  if (pid === `${process.pid}` || !existsSync(join(folder, REAL_TASK_MARK))) return false;
  const before = startTime(files.read(`/proc/${pid}/stat`));
  if (before !== null && before === startTime(realStat(pid))) return false;
  rmSync(folder, { recursive: true, force: true });
  return true;
}

function realStat(pid: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
}

/** Field 22 of proc(5)'s stat, counted behind the name. */
function startTime(stat: string | null): string | null {
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
