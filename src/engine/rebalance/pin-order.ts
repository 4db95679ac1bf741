import type { CpuList } from '../../domain/host-topology.ts';
import { ownThreads, type OwnThread } from './own-threads.ts';
import type { Step } from './step.ts';

/** One thread, or all emulator threads, gets other CPUs. */
export interface PinChange {
  readonly role: OwnThread['role'];
  /** vCPU or iothread number; 0 for the emulator threads. */
  readonly index: number;
  readonly cpus: CpuList;
}

/**
 * The pins that take a guest from one place to the other, in an order in which no two of its threads that have a CPU for
 * themselves ever stand on the same one; null when that takes a CPU more than there is.
 *
 * 1. A thread whose new CPU nobody of the guest stands on goes there; by role (vCPUs, emulator, iothreads), then number.
 * 2. When none can, they wait for each other in a circle: the first steps aside onto `spare`, a CPU that is free on the
 *    host, and goes on from there when its place is free.
 * 3. What floats follows at the end: vCPUs, then emulator threads, then iothreads.
 */
export function pinOrder(step: Step, spare: number | null): readonly PinChange[] | null {
  const changes: PinChange[] = [];
  const now = new Map(ownThreads(step.from).map(thread => [keyOf(thread), thread.cpu]));
  let waiting = ownThreads(step.to).filter(thread => now.get(keyOf(thread)) !== thread.cpu);
  const go = (thread: OwnThread, cpu: number) => {
    now.set(keyOf(thread), cpu);
    changes.push({ role: thread.role, index: thread.index, cpus: `${cpu}` });
  };
  while (waiting.length > 0) {
    const held = new Set(now.values());
    const next = waiting.find(thread => !held.has(thread.cpu));
    if (next === undefined) {
      const first = waiting[0]!;
      if (spare === null || held.has(spare)) return null;
      go(first, spare);
      continue;
    }
    go(next, next.cpu);
    waiting = waiting.filter(thread => thread !== next);
  }
  return [...changes, ...floatingChanges(step)];
}

function keyOf({ role, index }: OwnThread): string {
  return `${role} ${index}`;
}

function floatingChanges({ from, to }: Step): PinChange[] {
  const own = new Set(ownThreads(to).map(keyOf));
  const changes: PinChange[] = [];
  const add = (role: PinChange['role'], index: number, texts: readonly [string | undefined, string]) => {
    if (texts[0] !== texts[1] && !own.has(`${role} ${index}`)) changes.push({ role, index, cpus: texts[1] });
  };
  for (const [vcpu, cpus] of Object.entries(to.placement.pins))
    add('vcpu', Number(vcpu), [from.placement.pins[vcpu], cpus]);
  add('emulator', 0, [from.placement.emulator.cpus, to.placement.emulator.cpus]);
  for (const [id, cpus] of Object.entries(to.placement.iothreads))
    add('iothread', Number(id), [from.placement.iothreads[id], cpus]);
  return changes;
}
