import type { CellModel } from './cell-model.ts';
import type { CellNeed, GuestNeed } from './guest-need.ts';
import type { PickScratch } from './pick-scratch.ts';

/**
 * What one guest cell on one host cell costs, packed into one whole number so that comparing numbers compares
 * the parts in order, and sums of guest cells stay sums of parts:
 * under pack (new pool CPU, cache domains, whole cores broken, CPUs left, devices spared, cell index),
 * under spread (new pool CPU, load, cache domains, memory in use, guests that run there: more first, whole cores broken,
 * devices spared, cell index).
 * Both have at most 47 bits, so that 64 guest cells sum up below 2^53.
 *
 * Load is the mean of the share s of the cell in use afterwards and of s²: it grows faster the fuller the cell,
 * so that of several guest cells the largest (or the one with the emulator's CPU) goes to the emptiest host cell,
 * which the sum of plain shares could not tell. Of cells with the same load the one with more guests is taken: the sooner one
 * of them leaves, and makes it the emptier again.
 */
export interface CostParts {
  readonly newPoolCpu: number;
  /** Permille of the cell in use after the placement, of CPUs or memory, read back from the load; 0 under pack. */
  readonly balance: number;
  readonly domains: number;
  readonly brokenCores: number;
  /** CPUs that the cell has left: the less, the larger the holes elsewhere; 0 under spread. */
  readonly hole: number;
  /**
   * Permille of the cell's memory in use after the placement, in whole percents: less says little of who will fit there, and
   * would outweigh what runs there. 0 under pack.
   */
  readonly memory: number;
  /** Guests that run on the cell already, 31 at most; 0 under pack. */
  readonly guests: number;
}

/** Bits of each part, in order. */
const PACK = { newPoolCpu: 1, domains: 6, broken: 9, hole: 10, spared: 4, index: 7 } as const;
const SPREAD = {
  newPoolCpu: 1,
  load: 11,
  domains: 6,
  memory: 7,
  fewGuests: 5,
  broken: 6,
  spared: 4,
  index: 7,
} as const;
const MOST_GUESTS = 2 ** SPREAD.fewGuests - 1;

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
  const spared = guest.spec.devices.length > 0 ? 0 : cell.nearDevices;
  let cost = ask.newPoolCpu ? 1 : 0;
  if (pack) {
    cost = append(cost, PACK.domains, scratch.domains);
    cost = append(cost, PACK.broken, broken);
    cost = append(cost, PACK.hole, left);
    return append(append(cost, PACK.spared, spared), PACK.index, cell.index);
  }
  cost = append(cost, SPREAD.load, load(cell, need, left));
  cost = append(cost, SPREAD.domains, scratch.domains);
  cost = append(cost, SPREAD.memory, Math.floor(100 * memoryShare(cell, need)));
  cost = append(cost, SPREAD.fewGuests, MOST_GUESTS - cell.guests);
  cost = append(cost, SPREAD.broken, broken);
  return append(append(cost, SPREAD.spared, spared), SPREAD.index, cell.index);
}

/** Puts a part behind those that are packed; what is beyond its bits counts as their highest or lowest number. */
function append(cost: number, bits: number, part: number): number {
  const size = 2 ** bits;
  return cost * size + Math.max(0, Math.min(size - 1, part));
}

/** The parts of a packed cost (of one pair) under this strategy. */
export function costParts(cost: number, pack: boolean): CostParts {
  const parts: Partial<Record<keyof typeof PACK | keyof typeof SPREAD, number>> = {};
  let rest = cost;
  for (const [name, bits] of Object.entries(pack ? PACK : SPREAD).reverse()) {
    parts[name as keyof typeof parts] = rest % 2 ** bits;
    rest = Math.floor(rest / 2 ** bits);
  }
  return {
    newPoolCpu: parts.newPoolCpu!,
    balance: Math.round(500 * (Math.sqrt(1 + (parts.load ?? 0) / 250) - 1)),
    domains: parts.domains!,
    brokenCores: parts.broken!,
    hole: parts.hole ?? 0,
    memory: 10 * (parts.memory ?? 0),
    guests: pack ? 0 : MOST_GUESTS - parts.fewGuests!,
  };
}

/** (s + s²) / 2 in 2000ths, where s is what the cell is the shorter of afterwards: the larger share of CPUs and memory in use. */
function load(cell: CellModel, need: CellNeed, left: number): number {
  const share = Math.max(cpuShare(cell, need, left), memoryShare(cell, need));
  return Math.round((share + share * share) * 1000);
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

/** Share of the cell's memory in use afterwards; 0 where its size is not known. */
function memoryShare(cell: CellModel, need: CellNeed): number {
  return cell.memoryMiB === null || cell.memoryMiB === 0
    ? 0
    : (cell.claimedMiB + need.memoryMiB) / cell.memoryMiB;
}
