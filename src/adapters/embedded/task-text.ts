import type { CpuSet } from '../../domain/cpu-set.ts';
import type { RealtimeClass } from './domain-facts.ts';

/** One task as the texts of its proc folder need it. */
export interface TaskText {
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly startTicks: number;
  readonly threads: number;
  readonly cpus: CpuSet;
  /** Cells that it may take memory from. */
  readonly cells: CpuSet;
  /** How many CPU numbers a mask has. */
  readonly cpuNumbers: number;
  readonly realtime: RealtimeClass | null;
}

/** The kernel cuts a task's name to this many bytes (TASK_COMM_LEN less the final zero). */
const COMM_LENGTH = 15;
/** Field 41 of stat by class: SCHED_OTHER, SCHED_FIFO, SCHED_RR of sched.h. */
const POLICY_NUMBERS = { other: 0, fifo: 1, rr: 2 } as const;

/** The name of a task as `comm` shows it, without the line end. */
function commOf(name: string): string {
  return name.slice(0, COMM_LENGTH);
}

/** `/proc/PID/stat`: 52 fields of proc(5), of which the start time is the 22nd. */
export function statText(task: TaskText): string {
  const fields = Array.from({ length: 52 }, () => '0');
  const set = (number: number, value: string | number) => (fields[number - 1] = `${value}`);
  set(1, task.pid === task.tid ? task.pid : task.tid);
  set(2, `(${commOf(task.comm)})`);
  set(3, 'S');
  set(4, 1);
  set(5, task.pid);
  set(6, task.pid);
  set(8, -1);
  set(18, task.realtime === null ? 20 : -1 - task.realtime.priority);
  set(20, task.threads);
  set(22, task.startTicks);
  set(40, task.realtime?.priority ?? 0);
  set(41, POLICY_NUMBERS[task.realtime?.scheduler ?? 'other']);
  return `${fields.join(' ')}\n`;
}

/** `/proc/PID/status`, its lines that say who the task is and where it may run. */
export function statusText(task: TaskText): string {
  return [
    `Name:\t${commOf(task.comm)}`,
    'Umask:\t0022',
    'State:\tS (sleeping)',
    `Tgid:\t${task.pid}`,
    'Ngid:\t0',
    `Pid:\t${task.tid}`,
    'PPid:\t1',
    'TracerPid:\t0',
    'Uid:\t64055\t64055\t64055\t64055',
    'Gid:\t108\t108\t108\t108',
    `Threads:\t${task.threads}`,
    `Cpus_allowed:\t${maskText(task.cpus, task.cpuNumbers)}`,
    `Cpus_allowed_list:\t${task.cpus.toString()}`,
    `Mems_allowed:\t${maskText(task.cells, task.cells.highest + 1)}`,
    `Mems_allowed_list:\t${task.cells.toString()}`,
    'voluntary_ctxt_switches:\t1',
    'nonvoluntary_ctxt_switches:\t0',
    '',
  ].join('\n');
}

/** A status text with another CPU mask. */
export function withCpus(status: string, cpus: CpuSet, cpuNumbers: number): string {
  return status
    .replace(/^Cpus_allowed:.*$/m, `Cpus_allowed:\t${maskText(cpus, cpuNumbers)}`)
    .replace(/^Cpus_allowed_list:.*$/m, `Cpus_allowed_list:\t${cpus.toString()}`);
}

/** A status text with other cells to take memory from. */
export function withCells(status: string, cells: CpuSet): string {
  return status
    .replace(/^Mems_allowed:.*$/m, `Mems_allowed:\t${maskText(cells, cells.highest + 1)}`)
    .replace(/^Mems_allowed_list:.*$/m, `Mems_allowed_list:\t${cells.toString()}`);
}

/** The kernel's mask syntax: words of 32 bits in hexadecimal, the highest first, separated by commas. */
function maskText(cpus: CpuSet, numbers: number): string {
  const top = numbers % 32 === 0 ? 8 : Math.ceil((numbers % 32) / 4);
  return Array.from({ length: Math.max(1, Math.ceil(numbers / 32)) }, (_, index) =>
    (cpus.words[index] ?? 0).toString(16).padStart(index === Math.ceil(numbers / 32) - 1 ? top : 8, '0'),
  )
    .reverse()
    .join(',');
}
