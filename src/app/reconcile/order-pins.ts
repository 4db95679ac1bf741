import { CpuSet } from '../../domain/cpu-set.ts';

/** A thread, or all emulator threads of a guest, that has to go somewhere else. */
export interface PinTask {
  readonly key: string;
  readonly vm: string;
  /** Where it may run now. */
  readonly from: CpuSet;
  readonly to: CpuSet;
  /** `to` is a CPU that the thread has for itself. */
  readonly exclusive: boolean;
  /** CPUs of its guest on which it may wait. */
  readonly aside: CpuSet;
}

/** One move: where the thread of this task goes. */
export interface PinStep {
  readonly task: PinTask;
  readonly to: CpuSet;
}

/**
 * An order in which nobody is put onto a CPU of its own while another thread that has to leave still stands there:
 *
 * 1. What goes where others may be, too, goes first: it makes way.
 * 2. A thread goes to its own CPU as soon as no other waiting thread stands there, in the order given.
 * 3. When all wait for each other, the first that stands in somebody's way steps aside: onto a CPU of `spare`, which is
 *    nobody's, else onto CPUs of its own guest where nobody waits, and goes on from there. Without any of those, the first
 *    goes to its CPU, which is its guest's, and the other leaves with the next step.
 */
export function orderPins(tasks: readonly PinTask[], spare: CpuSet): readonly PinStep[] {
  const steps: PinStep[] = tasks.filter(({ exclusive }) => !exclusive).map(task => ({ task, to: task.to }));
  let waiting = tasks.filter(({ exclusive }) => exclusive);
  let free = spare;
  const now = new Map(waiting.map(({ key, from }) => [key, from]));
  while (waiting.length > 0) {
    const isBlocked = (task: PinTask) =>
      waiting.some(other => other !== task && now.get(other.key)!.intersects(task.to));
    const next = waiting.find(task => !isBlocked(task));
    if (next !== undefined) {
      steps.push({ task: next, to: next.to });
      waiting = waiting.filter(task => task !== next);
      continue;
    }
    const blocker = waiting.find(task =>
      waiting.some(other => other !== task && now.get(task.key)!.intersects(other.to)),
    )!;
    const aside = placeAside(blocker, free, CpuSet.union(now.values()));
    if (aside === null || now.get(blocker.key)!.equals(aside)) {
      const first = waiting[0]!;
      steps.push({ task: first, to: first.to });
      waiting = waiting.slice(1);
      continue;
    }
    steps.push({ task: blocker, to: aside });
    now.set(blocker.key, aside);
    free = free.minus(aside);
  }
  return steps;
}

function placeAside(task: PinTask, free: CpuSet, occupied: CpuSet): CpuSet | null {
  const cpu = free.minus(occupied).first;
  if (cpu !== undefined) return CpuSet.of([cpu]);
  const own = task.aside.minus(task.to).minus(occupied);
  return own.isEmpty ? null : own;
}
