import { readFileSync } from 'node:fs';
import { onlineCells, onlineCpus, cpuNumbers } from './hardware.ts';
import { REAL_TASK_MARK, withOwnTask } from './own-task.ts';
import { statusText } from './task-text.ts';
import { TreeFiles } from './tree-files.ts';

/**
 * Shows another process of the real machine in a tree's /proc, as the task that calls a hook is on any node, until it ends:
 * it can then hold a lease and have a mask in the tree. A task of the tree itself, or one that is shown already, stays as it
 * is; this process, which shows only what tells that it lives, gets what it lacks. Of the real machine only stat and cmdline
 * are read.
 */
export function showRealTask(root: string, pid: number): void {
  const files = new TreeFiles(root);
  const stat = real(pid, 'stat');
  // Reading goes through the filter that takes away who has ended.
  if (
    stat === null ||
    withOwnTask(files).read(`/proc/${pid}/${pid === process.pid ? 'status' : 'stat'}`) !== null
  )
    return;
  const comm = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  const status = statusText({
    pid,
    tid: pid,
    comm,
    startTicks: 0,
    threads: 1,
    cpus: onlineCpus(files),
    cells: onlineCells(files),
    cpuNumbers: cpuNumbers(files),
    realtime: null,
  });
  const staging = pid === process.pid ? `/proc/${pid}` : `/proc/.real-${process.pid}-${pid}`;
  const put = (name: string, text: string) => {
    files.write({ path: `${staging}/${name}`, text });
  };
  put(REAL_TASK_MARK, '');
  for (const folder of ['', `task/${pid}/`]) {
    put(`${folder}stat`, stat);
    put(`${folder}comm`, `${comm}\n`);
    put(`${folder}status`, status);
    put(`${folder}cgroup`, '0::/\n');
  }
  put('cmdline', real(pid, 'cmdline') ?? '');
  if (pid === process.pid) return;
  try {
    files.move(staging, `/proc/${pid}`);
  } catch {
    // Another hook of the same task was quicker.
    files.remove(staging);
  }
}

function real(pid: number, name: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return null;
  }
}
