import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { DriftCause } from '../../domain/drift.ts';
import type { MemoryOnCell } from '../../formats/proc/memory-residence.ts';
import type { PlacedGuest } from './find-threads.ts';
import type { Finding, Remedy } from './finding.ts';
import type { Observed } from './observed.ts';

/**
 * MiB of small pages that may lie elsewhere: what QEMU itself takes cannot be told from guest memory. Chosen. Pages of a
 * pool are guest memory alone, so that one of them is enough.
 */
const OWN_MIB = 64;

/**
 * Memory of a guest that lies on other cells than decided. A guest without a binding (mode none) has no such cells.
 *
 * 1. An area that is bound must lie on the cells that it is bound to (each guest cell has an area of its own), every other
 *    one on any of the guest's host cells.
 * 2. Cause: NUMA balancing, where it is on, may move such pages, and a thread of the guest may run where they are; else a
 *    cpuset that lets the process take memory elsewhere; else merging of pages across cells; else a hand.
 * 3. Remedy: a restrictive guest of one cell is bound again, all of it. Else the pages go back to where their area
 *    belongs, as long as nothing of the guest belongs where they are: a guest of several cells is never put together.
 */
export function findMemory({ guest, entry, wanted }: PlacedGuest, seen: Observed): readonly Finding[] {
  const home = parseCpuList(wanted.nodeset === '' ? '' : wanted.nodeset);
  if (wanted.memoryMode === 'none' || home.isEmpty) return [];
  const strays = guest.memory.filter(part => !belongsTo(part, home).has(part.cell));
  const cpusetIsWider = guest.allowedCells !== null && !guest.allowedCells.isSubsetOf(home);
  if (!isGuestMemory(strays)) return [];
  const drift = {
    code: 'memory-astray' as const,
    cause: causeOfMove(strays, { cpusetIsWider, guest, seen }),
    vm: guest.vm,
    subject: 'memory',
    wanted: wanted.nodeset,
    actual: describe(guest.memory),
  };
  return [
    {
      drift,
      guest,
      entry,
      remedy: remedyFor(strays, { home, cpusetIsWider, mode: wanted.memoryMode, guest }),
    },
  ];
}

/** Whether these parts hold more than what QEMU takes for itself. */
export function isGuestMemory(parts: readonly MemoryOnCell[]): boolean {
  return parts.some(({ huge }) => huge) || parts.reduce((sum, { mib }) => sum + mib, 0) > OWN_MIB;
}

function belongsTo({ bound }: MemoryOnCell, home: CpuSet): CpuSet {
  return bound === null || bound.isEmpty ? home : bound;
}

function causeOfMove(
  strays: readonly MemoryOnCell[],
  {
    cpusetIsWider,
    guest,
    seen,
  }: { readonly cpusetIsWider: boolean; readonly guest: PlacedGuest['guest']; readonly seen: Observed },
): DriftCause {
  // The kernel leaves bound areas and pages of pools alone (task_numa_work skips hugetlb; KSM merges anonymous pages).
  const movable = strays.filter(({ bound, huge }) => bound === null && !huge);
  if (
    movable.length > 0 &&
    seen.fighters.numaBalancing &&
    movable.some(part => runsOn(part.cell, guest, seen))
  )
    return 'numa-balancing';
  if (cpusetIsWider) return 'memory-cells-changed';
  return movable.length > 0 && seen.fighters.ksmAcrossCells ? 'ksm' : 'moved-by-hand';
}

/** Balancing takes pages to where they are used: a thread of the guest must be let there. */
function runsOn(cell: number, guest: PlacedGuest['guest'], seen: Observed): boolean {
  const cpus = parseCpuList(seen.host.topology.cells.find(({ id }) => id === cell)?.cpus ?? '');
  return guest.threads.some(({ allowed }) => allowed.intersects(cpus));
}

function remedyFor(
  strays: readonly MemoryOnCell[],
  at: {
    readonly home: CpuSet;
    readonly cpusetIsWider: boolean;
    readonly mode: string;
    readonly guest: PlacedGuest['guest'];
  },
): Remedy {
  if (at.mode === 'restrictive' && at.home.size === 1 && at.cpusetIsWider)
    return { kind: 'bind-memory', cells: at.home.toString() };
  const from = CpuSet.of(strays.map(({ cell }) => cell));
  const targets = new Set(strays.map(part => belongsTo(part, at.home).toString()));
  const to = [...targets][0]!;
  const isMixed = at.guest.memory.some(
    part => from.has(part.cell) && belongsTo(part, at.home).has(part.cell),
  );
  if (targets.size > 1 || isMixed || parseCpuList(to).size !== 1)
    return {
      kind: 'none',
      why: 'the kernel moves pages by cell and not by guest cell, so that more than these would move: stop the guest and start it again',
    };
  return { kind: 'return-pages', from: from.toString(), to };
}

/** `64 MiB on cell 0, 16 MiB on cell 1`. */
function describe(memory: readonly MemoryOnCell[]): string {
  const cells = new Map<number, number>();
  for (const { cell, mib } of memory) cells.set(cell, (cells.get(cell) ?? 0) + mib);
  return [...cells]
    .sort(([a], [b]) => a - b)
    .map(([cell, mib]) => `${Math.ceil(mib)} MiB on cell ${cell}`)
    .join(', ');
}
