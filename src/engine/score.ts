import type { CellModel } from './cell-model.ts';
import type { CellNeed, GuestNeed } from './guest-need.ts';
import type { PickScratch } from './pick-scratch.ts';

/**
 * What one guest cell on one host cell costs, packed into one whole number so that comparing numbers compares
 * the parts in order, and sums of guest cells stay sums of parts:
 * (new pool CPU, balance under spread, cache domains, whole cores broken, hole left, devices spared, cell index).
 * Widths: 1, 10, 6, 9, 10, 4 and 7 bits = 47, so that 64 guest cells sum up below 2^53.
 */
export interface CostParts {
  readonly newPoolCpu: number;
  /** Permille of the cell's CPU capacity in use after the placement; 0 under pack. */
  readonly balance: number;
  readonly domains: number;
  readonly brokenCores: number;
  /** Under pack CPUs that the cell has left: the less, the larger the holes elsewhere. Under spread permille of memory in use. */
  readonly hole: number;
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
  cost = cost * 1024 + (pack ? 0 : sharePermille(cell, need, left));
  cost = cost * 64 + Math.min(63, scratch.domains);
  cost = cost * 512 + Math.min(511, broken);
  cost = cost * 1024 + (pack ? Math.max(0, Math.min(1023, left)) : memoryPermille(cell, need));
  cost = cost * 16 + spared;
  return cost * 128 + Math.min(127, cell.index);
}

/** The parts of a packed cost (of one pair). */
export function costParts(cost: number): CostParts {
  const parts: number[] = [];
  let rest = cost;
  for (let i = WIDTHS.length - 1; i >= 0; i -= 1) {
    const size = 2 ** WIDTHS[i]!;
    parts[i] = rest % size;
    rest = Math.floor(rest / size);
  }
  return {
    newPoolCpu: parts[0]!,
    balance: parts[1]!,
    domains: parts[2]!,
    brokenCores: parts[3]!,
    hole: parts[4]!,
  };
}

/** Share of the cell's CPUs (for a guest cell without dedicated vCPUs: of its shared slots) in use afterwards, permille. */
function sharePermille(cell: CellModel, need: CellNeed, left: number): number {
  const capacity =
    need.dedicated > 0 ? cell.dedicatedTotal : Math.max(1, left + need.shared + cell.sharedVcpus);
  const cpu = capacity === 0 ? 0 : 1 - Math.max(0, left) / capacity;
  return Math.max(0, Math.min(1023, Math.round(cpu * 1000)));
}

/** Share of the cell's memory in use afterwards, permille: breaks ties of the CPU share. */
function memoryPermille(cell: CellModel, need: CellNeed): number {
  if (cell.memoryMiB === null || cell.memoryMiB === 0) return 0;
  return Math.min(1023, Math.round(((cell.claimedMiB + need.memoryMiB) / cell.memoryMiB) * 1000));
}
