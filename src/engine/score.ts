import type { CellModel } from './cell-model.ts';
import type { CellNeed, GuestNeed } from './guest-need.ts';
import type { PickScratch } from './pick-scratch.ts';

/**
 * What one guest cell on one host cell costs, packed into one whole number so that comparing numbers compares
 * the parts in order, and sums of guest cells stay sums of parts:
 * under pack (new pool CPU, 0, cache domains, whole cores broken, CPUs left, devices spared, cell index), under spread
 * (new pool CPU, load, cache domains, memory in use, whole cores broken, devices spared, cell index).
 * Widths: 1, 10, 6, 9, 10, 4 and 7 bits = 47, so that 64 guest cells sum up below 2^53.
 *
 * Load is the mean of the share s of the cell in use afterwards and of s²: it grows faster the fuller the cell,
 * so that of several guest cells the largest (or the one with the emulator's CPU) goes to the emptiest host cell,
 * which the sum of plain shares could not tell.
 */
export interface CostParts {
  readonly newPoolCpu: number;
  /** Permille of the cell in use after the placement (CPUs and memory), read back from the load; 0 under pack. */
  readonly balance: number;
  readonly domains: number;
  readonly brokenCores: number;
  /** CPUs that the cell has left: the less, the larger the holes elsewhere; 0 under spread. */
  readonly hole: number;
  /** Permille of the cell's memory in use after the placement, in steps of 2; 0 under pack. */
  readonly memory: number;
}

const WIDTHS = [1, 10, 6, 9, 10, 4, 7] as const;

/** Packs the cost of a pair whose pick stands in `scratch`. */
export function pairCost(
  cell: CellModel,
  ask: {
    readonly guest: GuestNeed;
    readonly need: CellNeed;
    readonly scratch: PickScratch;
    readonly newPoolCpu: boolean;
    readonly slots: number;
  },
): number {
  const { guest, need, scratch } = ask;
  const pack = guest.wish.pack;
  let broken = 0;
  let taken = 0;
  for (let i = 0; i < cell.cores.count; i += 1) {
    if (scratch.taken[i] === 0) continue;
    broken += cell.cores.breakable[i]!;
    taken += scratch.taken[i]!;
  }
  const left = need.dedicated > 0 ? cell.cores.freeTotal - taken : ask.slots - need.shared;
  const spared = guest.spec.devices.length > 0 ? 0 : Math.min(15, cell.nearDevices);
  let cost = ask.newPoolCpu ? 1 : 0;
  cost = cost * 1024 + (pack ? 0 : load(cell, need, left));
  cost = cost * 64 + Math.min(63, scratch.domains);
  cost = cost * 512 + Math.min(511, pack ? broken : memoryPermille(cell, need) >> 1);
  cost = cost * 1024 + Math.min(1023, pack ? Math.max(0, left) : broken);
  cost = cost * 16 + spared;
  return cost * 128 + Math.min(127, cell.index);
}

/** The parts of a packed cost (of one pair) under this strategy. */
export function costParts(cost: number, pack: boolean): CostParts {
  const parts: number[] = [];
  let rest = cost;
  for (let i = WIDTHS.length - 1; i >= 0; i -= 1) {
    const size = 2 ** WIDTHS[i]!;
    parts[i] = rest % size;
    rest = Math.floor(rest / size);
  }
  const [newPoolCpu, convex, domains] = parts as [number, number, number];
  return {
    newPoolCpu,
    balance: Math.round(500 * (Math.sqrt(1 + convex / 125) - 1)),
    domains,
    brokenCores: parts[pack ? 3 : 4]!,
    hole: pack ? parts[4]! : 0,
    memory: pack ? 0 : parts[3]! * 2,
  };
}

/**
 * (s + s²) / 2 in permille, where s is three parts CPUs in use and one part memory: CPUs alone send guest after guest to a
 * cell whose memory then runs out, memory alone leaves CPUs uneven.
 */
function load(cell: CellModel, need: CellNeed, left: number): number {
  const share = (3 * cpuShare(cell, need, left) + memoryPermille(cell, need) / 1000) / 4;
  return Math.max(0, Math.min(1023, Math.round((share + share * share) * 500)));
}

/**
 * The share of the cell's dedicated CPUs in use afterwards; of a guest without dedicated vCPUs the mean of that and of the share of
 * its slots for shared vCPUs, so that shared guests leave room where dedicated ones will look for it.
 */
function cpuShare(cell: CellModel, need: CellNeed, left: number): number {
  const used = (free: number, all: number) => (all === 0 ? 0 : 1 - Math.max(0, free) / all);
  if (need.dedicated > 0) return used(left, cell.dedicatedTotal);
  const slots = Math.max(1, left + need.shared + cell.sharedVcpus);
  return (used(left, slots) + used(cell.cores.freeTotal, cell.dedicatedTotal)) / 2;
}

/** Share of the cell's memory in use afterwards, permille: a part of the load, and breaks its ties. */
function memoryPermille(cell: CellModel, need: CellNeed): number {
  if (cell.memoryMiB === null || cell.memoryMiB === 0) return 0;
  return Math.min(1023, Math.round(((cell.claimedMiB + need.memoryMiB) / cell.memoryMiB) * 1000));
}
