import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mustRun, runProgram } from '../kit/run-program.ts';
import { sleep, waitUntil } from '../kit/wait-until.ts';
import { cpuNumbers } from '../kit/cpu-numbers.ts';
import { liveThreads, type LiveThread } from './live-threads.ts';

/** A QEMU in a scope of qemu.slice, as Proxmox VE starts its guests. */
export interface SpinningGuest {
  readonly vm: string;
  /** Below the mount of cgroup v2. */
  readonly scope: string;
  readonly pid: number;
  readonly vcpus: readonly LiveThread[];
}

const FOLDER = '/run/pinfold-suite/guests';
const TIMEOUT_MS = 60_000;

/** QEMU's command: no disk, and a firmware of one endless jump at the reset vector, so that vCPU 0 never rests. */
function command(vm: string, vcpus: number): string[] {
  mkdirSync(FOLDER, { recursive: true });
  const firmware = Buffer.alloc(65536);
  firmware.write('\xeb\xfe', 0xfff0, 'latin1');
  writeFileSync(`${FOLDER}/spin.bin`, firmware);
  return [
    ...['qemu-system-x86_64', '-name', `${vm},debug-threads=on`, '-machine', 'pc', '-m', '16', '-nodefaults'],
    ...['-accel', 'tcg,thread=multi', '-smp', `${vcpus}`, '-display', 'none', '-bios', `${FOLDER}/spin.bin`],
    ...['-pidfile', `${FOLDER}/${vm}.pid`, '-daemonize'],
  ];
}

/**
 * Starts a guest as the transient scope `VM.scope`.
 *
 * @param delegate with the drop-in and the nudge that a dedicated guest gets before it starts
 */
export async function startGuest(vm: string, vcpus: number, delegate: boolean): Promise<SpinningGuest> {
  if (delegate) await writeDropIn(vm);
  await mustRun(
    ['systemd-run', '-q', '--scope', '--slice=qemu.slice', `--unit=${vm}`, '--', ...command(vm, vcpus)],
    { timeoutMs: TIMEOUT_MS },
  );
  const pid = Number(readFileSync(`${FOLDER}/${vm}.pid`, 'utf8'));
  const threads = () => liveThreads(pid).filter(({ role }) => role === 'vcpu');
  await waitUntil(() => (threads().length === vcpus ? true : null), {
    what: `${vcpus} vCPU threads of ${vm}`,
    timeoutMs: TIMEOUT_MS,
  });
  const vcpuThreads = threads();
  rest(pid);
  return { vm, scope: `/qemu.slice/${vm}.scope`, pid, vcpus: vcpuThreads };
}

/** Under emulation every spinning CPU slows the whole host down, so that all rest but while somebody watches. */
function rest(pid: number): void {
  process.kill(pid, 'SIGSTOP');
}

/** A new folder of drop-ins is seen once systemd is asked for a unit that it has never heard of. */
async function writeDropIn(vm: string): Promise<void> {
  mkdirSync(`/run/systemd/system/${vm}.scope.d`, { recursive: true });
  writeFileSync(`/run/systemd/system/${vm}.scope.d/50-pinfold.conf`, '[Scope]\nDelegate=cpuset\n');
  await runProgram(['systemctl', 'show', `nudge-${process.pid}-${vm}.service`, '-p', 'LoadState'], {
    timeoutMs: TIMEOUT_MS,
  });
}

/** Pins one thread, or with `all` the whole process. */
export async function pin(tid: number, cpus: string, all = false): Promise<void> {
  await mustRun(['taskset', ...(all ? ['-a'] : []), '-pc', cpus, `${tid}`], { timeoutMs: TIMEOUT_MS });
}

/** A process that never rests, in a service of its own, or in a cgroup that systemd does not manage. */
export async function startLoop(where: 'service' | 'container'): Promise<number> {
  const file = `${FOLDER}/${where}.pid`;
  const script = `${FOLDER}/${where}.sh`;
  const group = '/sys/fs/cgroup/lxc/200';
  mkdirSync(FOLDER, { recursive: true });
  if (where === 'container') mkdirSync(group, { recursive: true });
  // As a file, because systemd has a meaning of its own for the dollars of a command.
  const join = where === 'container' ? [`echo $$ > ${group}/cgroup.procs`] : [];
  writeFileSync(script, [...join, `echo $$ > ${file}`, 'while :; do :; done', ''].join('\n'));
  const starter =
    where === 'service'
      ? ['systemd-run', '-q', '--unit=pinfold-loop', 'sh', script]
      : // Its output must not be ours: whoever waits for that to close would wait for the loop.
        ['sh', '-c', `setsid -f sh ${script} < /dev/null > /dev/null 2>&1`];
  await mustRun(starter, { timeoutMs: TIMEOUT_MS });
  const pid = await waitUntil(
    () => {
      try {
        return Number(readFileSync(file, 'utf8')) || null;
      } catch {
        return null;
      }
    },
    { what: `the loop in a ${where}`, timeoutMs: TIMEOUT_MS },
  );
  rest(pid);
  return pid;
}

/** Where a process that never rests was seen, and for how long it ran, in one stretch of time. */
export interface Stretch {
  /** CPUs on which one of its threads was found running, of field 39 of proc(5)'s stat. */
  readonly cpus: readonly number[];
  /** Ticks of CPU time that its threads used. */
  readonly ticks: number;
}

/** What each process did in a stretch of time, and how long each CPU was busy in it, in ticks. */
export interface Watch {
  readonly stretches: ReadonlyMap<number, Stretch>;
  readonly busyTicks: readonly number[];
}

/** Lets processes run and looks at them: samples of every thread, and the CPUs' own account (/proc/stat) over all. */
export async function watch(pids: readonly number[], millis = 1_000): Promise<Watch> {
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  try {
    return await look(pids, millis);
  } finally {
    pids.forEach(rest);
  }
}

/** How often each thread is looked at in a stretch of time; a look takes longer than the time between two of them when all CPUs spin. */
const LOOKS = 5;

async function look(pids: readonly number[], millis: number): Promise<Watch> {
  const [before, busyBefore] = [pids.map(ticksOf), busyTicks()];
  const seen = pids.map(() => new Set<number>());
  let last = pids.map(ticksByThread);
  for (let sample = 0; sample < LOOKS; sample += 1) {
    await sleep(millis / LOOKS);
    const now = pids.map(ticksByThread);
    // Only a thread that ran since the last look is where `cpu` says; of a sleeper it is where it ran once.
    for (const [index, threads] of now.entries())
      for (const [tid, { ticks, cpu }] of threads)
        if (ticks > (last[index]!.get(tid)?.ticks ?? 0)) seen[index]!.add(cpu);
    last = now;
  }
  const after = pids.map(ticksOf);
  const busyAfter = busyTicks();
  return {
    stretches: new Map(
      pids.map((pid, index) => [
        pid,
        {
          cpus: [...seen[index]!].sort((a, b) => a - b),
          ticks: after[index]! - before[index]!,
        },
      ]),
    ),
    busyTicks: busyAfter.map((ticks, cpu) => ticks - (busyBefore[cpu] ?? 0)),
  };
}

/** Ticks that a thread used so far, and the CPU it ran on last. */
export function threadTicks(pid: number, tid: number): { readonly ticks: number; readonly cpu: number } {
  const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
  // Behind the name comes field 3: utime and stime are 14 and 15, the processor 39.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { ticks: Number(fields[11]) + Number(fields[12]), cpu: Number(fields[36]) };
}

function ticksByThread(pid: number): Map<number, { readonly ticks: number; readonly cpu: number }> {
  return new Map(liveThreads(pid).map(({ tid }) => [tid, threadTicks(pid, tid)]));
}

function ticksOf(pid: number): number {
  return [...ticksByThread(pid).values()].reduce((sum, { ticks }) => sum + ticks, 0);
}

/** Ticks that each CPU spent in user and system mode, by its number (`cpuN user nice system …`). */
function busyTicks(): number[] {
  const busy: number[] = [];
  for (const [, cpu, user, nice, system] of readFileSync('/proc/stat', 'utf8').matchAll(
    /^cpu(\d+) (\d+) (\d+) (\d+)/gm,
  ))
    busy[Number(cpu)] = Number(user) + Number(nice) + Number(system);
  return busy;
}

/** `Cpus_allowed_list` of every thread of a process, the same ones once. */
export function masksOf(pid: number): string[] {
  return [...new Set(liveThreads(pid).map(({ cpus }) => cpus.join(',')))];
}

/** A CPU list of a cgroup; `cpuset.cpus.effective` when no other file is named. */
export function cgroupCpus(group: string, file = 'cpuset.cpus.effective'): readonly number[] {
  return cpuNumbers(cgroupText(group, file));
}

/** A file of a cgroup without its line end; a word of its own where there is none. */
export function cgroupText(group: string, file: string): string {
  try {
    return readFileSync(`/sys/fs/cgroup${group}/${file}`, 'utf8').trim();
  } catch {
    return '(no such file)';
  }
}
