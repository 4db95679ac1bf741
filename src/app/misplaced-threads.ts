import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Placement } from '../domain/decision.ts';
import type { QemuThread } from '../formats/proc/qemu-threads.ts';

/** A thread, or a vCPU that has none, which is not where the decision put it. */
export interface Misplaced {
  readonly role: QemuThread['role'];
  /** vCPU or iothread number; null for emulator threads. */
  readonly index: number | null;
  readonly wanted: CpuSet;
  /** null: there is no such thread. */
  readonly actual: CpuSet | null;
}

/**
 * Compares the threads of a live QEMU with the decision. A vCPU's and an iothread's CPUs must be exactly those
 * decided. An emulator thread's must lie within the decided ones (QEMU narrows its memory threads to one cell by
 * itself), and one entry stands for all that do not. Iothreads without a number in their name are left alone.
 */
export function misplacedThreads(threads: readonly QemuThread[], placement: Placement): Misplaced[] {
  const emulator = parseCpuList(placement.emulator.cpus);
  const strays = threads.filter(({ role, allowed }) => role === 'emulator' && !allowed.isSubsetOf(emulator));
  return [
    ...pinned(threads, 'vcpu', placement.pins),
    ...pinned(threads, 'iothread', placement.iothreads),
    ...(strays.length === 0
      ? []
      : [
          {
            role: 'emulator' as const,
            index: null,
            wanted: emulator,
            actual: CpuSet.union(strays.map(({ allowed }) => allowed)),
          },
        ]),
  ];
}

function pinned(
  threads: readonly QemuThread[],
  role: 'vcpu' | 'iothread',
  pins: Readonly<Record<string, string>>,
): Misplaced[] {
  return Object.entries(pins).flatMap(([number, cpus]) => {
    const index = Number(number);
    const wanted = parseCpuList(cpus);
    const thread = threads.find(candidate => candidate.role === role && candidate.index === index);
    if (thread?.allowed.equals(wanted) === true) return [];
    return [{ role, index, wanted, actual: thread?.allowed ?? null }];
  });
}

/** One misplaced thread in words: `vCPU 3 on 0-7 instead of 4`. */
export function describeMisplaced({ role, index, wanted, actual }: Misplaced): string {
  const who = role === 'emulator' ? 'emulator threads' : `${role === 'vcpu' ? 'vCPU' : 'iothread'} ${index}`;
  return actual === null
    ? `${who} not found`
    : `${who} on ${actual.toString()} instead of ${wanted.toString()}`;
}
