import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import { readQemuThreads, type QemuThread } from '../../formats/proc/qemu-threads.ts';
import type { NodePort } from '../ports.ts';
import type { RunningQemu } from './find-qemu.ts';
import type { HookCall } from './hook-call.ts';

/** Looks at most this often: QEMU makes threads while it starts, and those are born on their maker's CPUs. */
const ROUNDS = 3;
/** How many taskset run at a time; one takes some 2 ms. */
const AT_ONCE = 8;

/** One thread and where it belongs. */
interface Wanted {
  readonly tid: number;
  readonly who: string;
  readonly cpus: CpuSet;
  readonly isThere: boolean;
}

/**
 * Pins each thread of a guest where it was decided and answers what stays elsewhere, in one sentence.
 *
 * 1. vCPUs by their names (`CPU 3/KVM`); realtime ones get their scheduling class.
 * 2. iothreads by the monitor's word, but only where they have CPUs of their own: their names are too long for the kernel,
 *    so that nothing else tells them from the main thread.
 * 3. Every other thread is an emulator thread.
 */
export async function pinThreads(
  call: HookCall,
  qemu: RunningQemu,
  placement: Placement,
): Promise<readonly string[]> {
  const iothreads = await iothreadsOf(call, placement);
  const look = () => wantedThreads(readQemuThreads(call.node.files, qemu.pid), placement, iothreads.tids);
  const answers = new Map<number, string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const astray = look().filter(({ isThere }) => !isThere);
    if (astray.length === 0) break;
    for (let from = 0; from < astray.length; from += AT_ONCE)
      await Promise.all(astray.slice(from, from + AT_ONCE).map(thread => pin(call.node, thread, answers)));
  }
  const realtime = await setRealtime(call.node, qemu, placement);
  return [
    ...iothreads.warnings,
    ...describeStrays(call.vmid, look(), { placement, answers, qemu, node: call.node }),
    ...realtime,
  ];
}

async function pin(node: NodePort, { tid, cpus }: Wanted, answers: Map<number, string>): Promise<void> {
  const { code, stderr } = await node.run(['taskset', '-p', '-c', cpus.toString(), String(tid)], {
    timeoutMs: 5000,
  });
  if (code !== 0) answers.set(tid, stderr.trim().replace(/\s+/g, ' '));
}

function wantedThreads(
  threads: readonly QemuThread[],
  placement: Placement,
  iothreads: ReadonlyMap<number, string>,
): readonly Wanted[] {
  const emulator = parseCpuList(placement.emulator.cpus);
  return threads.flatMap(({ tid, role, index, allowed }): Wanted[] => {
    if (role === 'vcpu') {
      const pinned = placement.pins[index ?? -1];
      // A vCPU that was plugged in has no CPUs of its own and shares those of the emulator, where it was born.
      if (pinned === undefined) return [];
      const cpus = parseCpuList(pinned);
      return [{ tid, who: `vCPU ${index}`, cpus, isThere: allowed.equals(cpus) }];
    }
    const own = iothreads.get(tid);
    const cpus = own === undefined ? emulator : parseCpuList(own);
    const who = own === undefined ? 'emulator threads' : 'an iothread';
    return [{ tid, who, cpus, isThere: own === undefined ? allowed.isSubsetOf(cpus) : allowed.equals(cpus) }];
  });
}

function describeStrays(
  vmid: string,
  threads: readonly Wanted[],
  at: {
    readonly placement: Placement;
    readonly answers: ReadonlyMap<number, string>;
    readonly qemu: RunningQemu;
    readonly node: NodePort;
  },
): readonly string[] {
  const astray = threads.filter(({ isThere }) => !isThere);
  const found = new Set(threads.map(({ who }) => who));
  const absent = Object.keys(at.placement.pins)
    .map(vcpu => `vCPU ${vcpu}`)
    .filter(who => !found.has(who));
  if (astray.length === 0 && absent.length === 0) return [];
  const said = astray.map(({ tid }) => at.answers.get(tid)).find(answer => answer !== undefined);
  const list = [
    ...new Set(astray.map(({ who, cpus }) => `${who} not on ${cpus.toString()}`)),
    ...absent.map(who => `${who} not found`),
  ];
  return [
    `Threads of VM ${vmid} are not where they were decided: ${list.join(', ')}${said === undefined ? '' : ` (${said})`}; run "pinfold reconcile".`,
  ];
}

async function iothreadsOf(
  { iothreads, vmid }: HookCall,
  placement: Placement,
): Promise<{ readonly tids: ReadonlyMap<number, string>; readonly warnings: readonly string[] }> {
  const lists = Object.entries(placement.iothreads)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, cpus]) => cpus);
  if (lists.every(cpus => cpus === placement.emulator.cpus)) return { tids: new Map(), warnings: [] };
  const answered = await iothreads.query(vmid);
  if (answered === null)
    return {
      tids: new Map(),
      warnings: [
        `The monitor of VM ${vmid} did not say which threads are its iothreads, so they run with the emulator threads: run "pinfold reconcile".`,
      ],
    };
  const tids = [...answered.values()].flatMap((tid, index): [number, string][] =>
    lists[index] === undefined ? [] : [[tid, lists[index]]],
  );
  return { tids: new Map(tids), warnings: [] };
}

async function setRealtime(
  node: NodePort,
  qemu: RunningQemu,
  { realtime }: Placement,
): Promise<readonly string[]> {
  if (realtime === null) return [];
  const vcpus = parseCpuList(realtime.vcpus);
  const threads = readQemuThreads(node.files, qemu.pid).filter(
    ({ role, index }) => role === 'vcpu' && index !== null && vcpus.has(index),
  );
  for (const { tid, index } of threads) {
    const { code, stderr } = await node.run(
      ['chrt', `--${realtime.scheduler}`, '-p', String(realtime.priority), String(tid)],
      { timeoutMs: 5000 },
    );
    if (code !== 0)
      return [
        `vCPU ${index} could not be given realtime priority ${realtime.priority} (${stderr.trim().replace(/\s+/g, ' ')}): see that this node allows realtime scheduling.`,
      ];
  }
  return [];
}
