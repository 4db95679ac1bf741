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
  const pid = pidOf(process);
  return Number.isInteger(pid) && readProcessId(tree, pid) === process;
}

/** The number of a process; NaN when the text is none. */
export function pidOf(process: ProcessId): number {
  return Number(process.slice(0, process.indexOf(':')));
}

/**
 * Whether any process has this word among its arguments, as a whole argument. With `asker`, a pid, its own call does not
 * count: neither the topmost of its ancestors (or itself) that has the word, nor what that one started.
 */
export function runsWithArgument(tree: TextTree, word: string, asker: number | null = null): boolean {
  const carriers = tree
    .list('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => (tree.read(`/proc/${pid}/cmdline`) ?? '').split('\0').includes(word))
    .map(Number);
  if (asker === null || carriers.length === 0) return carriers.length > 0;
  const own = lineOf(tree, asker).filter(pid => carriers.includes(pid));
  const top = own[own.length - 1];
  return carriers.some(pid => top === undefined || !lineOf(tree, pid).includes(top));
}

/** A process and its ancestors, the youngest first. */
function lineOf(tree: TextTree, pid: number): readonly number[] {
  const line: number[] = [];
  for (let next = pid; next > 0 && !line.includes(next); ) {
    line.push(next);
    const stat = tree.read(`/proc/${next}/stat`) ?? '';
    next = Number(
      stat
        .slice(stat.lastIndexOf(')') + 1)
        .trim()
        .split(/\s+/)[1] ?? 0,
    );
  }
  return line;
}

/** The kernel's id of this boot, `""` when it does not say. */
export function readBootId(tree: TextTree): string {
  return (tree.read('/proc/sys/kernel/random/boot_id') ?? '').trim();
}
