import { parseCpuList } from '../../domain/cpu-list.ts';
import { KernelError } from './kernel-error.ts';
import { cpusOfTask, processOf, setAffinity, threadsOf } from './processes.ts';
import { ProgramError } from './program-error.ts';
import type { TreeFiles } from './tree-files.ts';

/**
 * `taskset -p [-a] -c [LIST] PID` of util-linux on the tree's tasks. Recorded: a list outside the task's cpuset,
 * or without any CPU that exists, is `Invalid argument`.
 */
export function answerTaskset(files: TreeFiles, argv: readonly string[]): string {
  const flags = argv.filter(word => word.startsWith('-')).join('');
  const words = argv.filter(word => !word.startsWith('-'));
  const tid = Number(words.at(-1));
  const list = words.length > 1 ? words[0] : undefined;
  if (!flags.includes('p') || !flags.includes('c') || !Number.isInteger(tid))
    throw new ProgramError('taskset: only -pc [LIST] PID is understood here');
  const pid = processOf(files, tid);
  if (pid === null) throw new ProgramError(`taskset: failed to get pid ${tid}'s affinity: No such process`);
  return (flags.includes('a') ? threadsOf(files, pid) : [tid])
    .map(thread => change(files, { pid, tid: thread }, list))
    .join('');
}

function change(files: TreeFiles, task: { pid: number; tid: number }, list: string | undefined): string {
  const before = `pid ${task.tid}'s current affinity list: ${cpusOfTask(files, task.pid, task.tid)}\n`;
  if (list === undefined) return before;
  try {
    setAffinity(files, task, parseCpuList(list));
  } catch (error) {
    const words = error instanceof KernelError ? error.message : 'Invalid argument';
    throw new ProgramError(`taskset: failed to set pid ${task.tid}'s affinity: ${words}`);
  }
  return `${before}pid ${task.tid}'s new affinity list: ${cpusOfTask(files, task.pid, task.tid)}\n`;
}
