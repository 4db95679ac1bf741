import { readdirSync, readFileSync } from 'node:fs';
import { cpuNumbers } from '../kit/cpu-numbers.ts';

/** One thread of a QEMU process as the kernel shows it. */
export interface LiveThread {
  readonly tid: number;
  readonly name: string;
  /** `emulator` is every thread that is no vCPU and no iothread. */
  readonly role: 'vcpu' | 'iothread' | 'emulator';
  /** Of a vCPU or iothread. */
  readonly number: number | null;
  /** Cpus_allowed_list. */
  readonly cpus: readonly number[];
  /** `fifo 1`, `rr 5`; `other` for every policy without a priority of its own. */
  readonly scheduler: string;
}

/** All threads of a process from /proc/PID/task/TID/status, in order of their number. */
export function liveThreads(pid: number): LiveThread[] {
  return readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap(tid => {
      try {
        const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
        const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
        return [
          {
            tid,
            ...roleOf(field('Name')),
            cpus: cpuNumbers(field('Cpus_allowed_list')),
            scheduler: schedulerOf(readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8')),
          },
        ];
      } catch {
        // A worker thread that ended between the two reads.
        return [];
      }
    });
}

/** Fields 40 and 41 of proc(5)'s stat: rt_priority and policy (1 = SCHED_FIFO, 2 = SCHED_RR). */
export function schedulerOf(stat: string): string {
  // Behind the name, which may hold blanks, comes field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const name = { 1: 'fifo', 2: 'rr' }[fields[38] ?? ''];
  return name === undefined ? 'other' : `${name} ${fields[37]!}`;
}

/** QEMU's names (started with debug-threads=on, as libvirt does): `CPU 0/KVM`, `CPU 0/TCG`, `IO iothread1`. */
function roleOf(name: string): Pick<LiveThread, 'name' | 'role' | 'number'> {
  const vcpu = /^CPU (\d+)\//.exec(name);
  if (vcpu !== null) return { name, role: 'vcpu', number: Number(vcpu[1]) };
  const iothread = /^IO iothread(\d+)$/.exec(name);
  if (iothread !== null) return { name, role: 'iothread', number: Number(iothread[1]) };
  return { name, role: 'emulator', number: null };
}
