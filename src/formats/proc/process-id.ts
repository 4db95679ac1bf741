import type { ProcessId } from '../../domain/ledger.ts';
import type { TextTree } from '../text-tree.ts';

/**
 * The process `pid` as `pid:starttime`, or null when there is none. The start time is field 22 of
 * `/proc/PID/stat` (proc(5)); fields are counted behind the last `)`, because the name before it may hold
 * blanks and brackets.
 */
export function readProcessId(tree: TextTree, pid: number): ProcessId | null {
  const stat = tree.read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  // A zombie (state Z) or dead task holds nothing any more.
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  const started = fields[19];
  return started !== undefined && /^\d+$/.test(started) ? `${pid}:${started}` : null;
}

/** Whether exactly this process still runs: same pid and same start time. */
export function isAlive(tree: TextTree, process: ProcessId): boolean {
  const pid = Number(process.slice(0, process.indexOf(':')));
  return Number.isInteger(pid) && readProcessId(tree, pid) === process;
}

/** Whether any process has this word among its arguments, as a whole argument. */
export function runsWithArgument(tree: TextTree, word: string): boolean {
  return tree
    .list('/proc')
    .filter(name => /^\d+$/.test(name))
    .some(pid => (tree.read(`/proc/${pid}/cmdline`) ?? '').split('\0').includes(word));
}

/** The kernel's id of this boot, `""` when it does not say. */
export function readBootId(tree: TextTree): string {
  return (tree.read('/proc/sys/kernel/random/boot_id') ?? '').trim();
}
