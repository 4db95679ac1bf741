import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import { listTask } from './cgroup-tree.ts';
import { effectiveCpus } from './cgroups.ts';
import type { RealtimeClass } from './domain-facts.ts';
import { cpuNumbers } from './hardware.ts';
import { KernelError } from './kernel-error.ts';
import { statText, statusText, withCells, withCpus } from './task-text.ts';
import type { TreeFiles } from './tree-files.ts';

/** A thread to come. */
export interface NewThread {
  readonly tid: number;
  readonly name: string;
  /** Its cgroup, below the mount, with a leading slash. */
  readonly group: string;
  readonly cpus: CpuSet;
  readonly realtime: RealtimeClass | null;
}

/** A process to come; its first thread is the main one. */
export interface NewProcess {
  readonly argv: readonly string[];
  readonly startTicks: number;
  readonly threads: readonly NewThread[];
  /** Cells that it may take memory from. */
  readonly cells: CpuSet;
  /** Its `numa_maps`. */
  readonly numaMaps: string;
}

/** Where the kernel keeps the last number it gave to a task. */
const LAST_PID = '/proc/sys/kernel/ns_last_pid';
/**
 * Tasks of the tree are numbered above the largest pid a real kernel gives (PID_MAX_LIMIT, 2^22, of threads.h),
 * so that they never meet the number of a real process, such as a hook that runs on the tree.
 */
const FIRST_PID = 4194304;

/** The kernel's own note of a task, which no real /proc shows. */
const ASKED = '.asked';

/** Task numbers that no task of the tree has had; in order, under the tree's lock. */
export function takeTaskNumbers(files: TreeFiles, count: number): number[] {
  const last = Math.max(FIRST_PID, Number(files.read(LAST_PID) ?? 0));
  files.write({ path: LAST_PID, text: `${last + count}\n` });
  return Array.from({ length: count }, (_, index) => last + 1 + index);
}

/** Makes a process appear, whole in one step. */
export function addProcess(files: TreeFiles, process: NewProcess): void {
  const pid = process.threads[0]!.tid;
  const staging = `/proc/.${pid}`;
  for (const thread of process.threads) {
    putTask(files, { process, thread, folder: `${staging}/task/${thread.tid}`, pid });
  }
  putTask(files, { process, thread: process.threads[0]!, folder: staging, pid });
  files.write({ path: `${staging}/cmdline`, text: process.argv.map(word => `${word}\0`).join('') });
  files.write({ path: `${staging}/numa_maps`, text: process.numaMaps });
  files.move(staging, `/proc/${pid}`);
  const { group } = process.threads[0]!;
  listTask(files, { group, file: 'cgroup.procs' }, { task: pid, there: true });
  for (const { tid } of process.threads.filter(thread => thread.group === group))
    listTask(files, { group, file: 'cgroup.threads' }, { task: tid, there: true });
}

/** Adds a thread to a running process, as a hotplugged vCPU does. */
export function addThread(files: TreeFiles, pid: number, thread: NewThread): void {
  const status = files.read(`/proc/${pid}/status`) ?? '';
  const folder = `/proc/${pid}/task/${thread.tid}`;
  const stat = files.read(`/proc/${pid}/stat`) ?? '';
  files.write({ path: `${folder}/comm`, text: `${thread.name}\n` });
  files.write({ path: `${folder}/cgroup`, text: `0::${thread.group}\n` });
  files.write({ path: `${folder}/stat`, text: stat.replace(/^.*\)/, `${thread.tid} (${thread.name})`) });
  const renamed = status
    .replace(/^Name:.*$/m, `Name:\t${thread.name}`)
    .replace(/^Pid:.*$/m, `Pid:\t${thread.tid}`);
  files.write({ path: `${folder}/status`, text: withCpus(renamed, thread.cpus, cpuNumbers(files)) });
}

/** The process that a task belongs to, or null when there is no such task. */
export function processOf(files: TreeFiles, tid: number): number | null {
  if (files.exists(`/proc/${tid}/task`)) return tid;
  const owner = files
    .list('/proc')
    .find(name => /^\d+$/.test(name) && files.exists(`/proc/${name}/task/${tid}`));
  return owner === undefined ? null : Number(owner);
}

/** The threads of a process. */
export function threadsOf(files: TreeFiles, pid: number): number[] {
  return files.list(`/proc/${pid}/task`).map(Number);
}

/** The CPUs that a task may run on, as its status says. */
export function cpusOfTask(files: TreeFiles, pid: number, tid: number): string {
  const status = files.read(`/proc/${pid}/task/${tid}/status`);
  if (status === null) throw new KernelError('ESRCH');
  return /^Cpus_allowed_list:\t(.*)$/m.exec(status)?.[1] ?? '';
}

/**
 * sched_setaffinity(2): the mask becomes what is asked for, cut by the cpuset of the task's cgroup. Recorded:
 * nothing left (outside the cpuset, offline, no such CPU) is EINVAL.
 */
export function setAffinity(files: TreeFiles, task: { pid: number; tid: number }, asked: CpuSet): void {
  const cpus = asked.intersect(effectiveCpus(files, groupOfTask(files, task.pid, task.tid)));
  if (cpus.isEmpty) throw new KernelError('EINVAL');
  files.write({ path: `/proc/${task.pid}/task/${task.tid}/${ASKED}`, text: asked.toString() });
  showCpus(files, task, { cpus, numbers: cpuNumbers(files) });
}

/** The cgroup of a task; `""` is the root. */
export function groupOfTask(files: TreeFiles, pid: number, tid: number): string {
  const group = /^0::(.*)$/m.exec(files.read(`/proc/${pid}/task/${tid}/cgroup`) ?? '')?.[1] ?? '';
  return group === '/' ? '' : group;
}

/** What a task asked for by sched_setaffinity(2), which the kernel remembers since Linux 6.2; null = it never asked. */
export function askedCpus(files: TreeFiles, task: { pid: number; tid: number }): CpuSet | null {
  const asked = files.read(`/proc/${task.pid}/task/${task.tid}/${ASKED}`);
  return asked === null ? null : parseCpuList(asked);
}

/** Lets the task's status show this mask. */
export function showCpus(
  files: TreeFiles,
  task: { pid: number; tid: number },
  mask: { readonly cpus: CpuSet; readonly numbers: number },
): void {
  changeStatus(files, task, status => withCpus(status, mask.cpus, mask.numbers));
}

/** Lets all threads of a process take memory from these cells only. */
export function setCells(files: TreeFiles, pid: number, cells: CpuSet): void {
  for (const tid of threadsOf(files, pid))
    changeStatus(files, { pid, tid }, status => withCells(status, cells));
}

function changeStatus(
  files: TreeFiles,
  { pid, tid }: { pid: number; tid: number },
  change: (status: string) => string,
): void {
  const path = `/proc/${pid}/task/${tid}/status`;
  const status = files.read(path);
  if (status === null) throw new KernelError('ESRCH');
  files.write({ path, text: change(status) });
  if (tid === pid) files.write({ path: `/proc/${pid}/status`, text: change(status) });
}

function putTask(
  files: TreeFiles,
  task: {
    readonly process: NewProcess;
    readonly thread: NewThread;
    readonly folder: string;
    readonly pid: number;
  },
): void {
  const { process, thread, folder, pid } = task;
  const text = {
    pid,
    tid: thread.tid,
    comm: thread.name,
    startTicks: process.startTicks,
    threads: process.threads.length,
    cpus: thread.cpus,
    cells: process.cells,
    cpuNumbers: cpuNumbers(files),
    realtime: thread.realtime,
  };
  files.write({ path: `${folder}/comm`, text: `${thread.name}\n` });
  files.write({ path: `${folder}/stat`, text: statText(text) });
  files.write({ path: `${folder}/status`, text: statusText(text) });
  files.write({ path: `${folder}/cgroup`, text: `0::${thread.group}\n` });
}
