import type { CoreTable } from './core-table.ts';
import { coreCapacity, isHalf, isKind } from './core-capacity.ts';
import type { PickScratch, PickWish } from './pick-scratch.ts';
import { takeFromGroup, takeHalf, takeThreads, type Taking } from './take-cores.ts';

/**
 * Picks the CPUs of one guest cell on one host cell into `scratch`: `dedicated` for its vCPUs, then `extras`
 * (emulator, iothreads) apart from them. Returns whether the cell has them.
 *
 * 1. Sum what each cache domain can take (per CPU kind, so that a guest stays within one kind where it can).
 * 2. A domain that takes all vCPUs is chosen by (threads of whole cores needed, what it has left, its number)
 *    under pack, by most left under spread.
 * 3. Otherwise, unless one domain is required: the largest domains are used up until one takes the rest; this
 *    spans the fewest domains.
 * 4. Extra CPUs come from what is left of the cell, from used cores before whole ones; a new pool CPU from a core
 *    that carries pool CPUs already, whose last thread is kept from the vCPUs where they have others.
 */
export function pickCpus(
  table: CoreTable,
  need: { readonly dedicated: number; readonly extras: number },
  pick: { readonly wish: PickWish; readonly scratch: PickScratch },
): boolean {
  const { wish, scratch } = pick;
  if (need.dedicated + need.extras > table.freeTotal) {
    scratch.length = 0;
    return false;
  }
  const taking = { table, groups: wish.oneCache ? table.domain : table.group, wish, scratch };
  const besidePool = need.extras > 0 && wish.stackPool ? threadBesidePool(taking) : -1;
  if (besidePool >= 0 && pickAll(taking, need, besidePool)) return true;
  return pickAll(taking, need, -1);
}

/** Picks vCPUs and extras; the free thread of core `reserved` (-1: none) is kept for the first extra. */
function pickAll(
  taking: Taking,
  need: { readonly dedicated: number; readonly extras: number },
  reserved: number,
): boolean {
  const { table, scratch, wish } = taking;
  scratch.length = 0;
  scratch.domains = 0;
  scratch.extras = need.extras;
  scratch.taken.fill(0, 0, table.count);
  if (reserved >= 0) scratch.taken[reserved] = 1;
  if (need.dedicated > 0 && !pickVcpus(taking, need.dedicated)) return false;
  for (let extra = 0; extra < need.extras; extra += 1) {
    if (extra === 0 && reserved >= 0) {
      scratch.cpus[scratch.length] = table.threads[table.start[reserved]!]!;
      scratch.length += 1;
    } else if (!pickExtra(taking, extra === 0 && wish.stackPool)) return false;
  }
  return true;
}

/** A core that carries pool CPUs and has one thread left, which vCPUs would otherwise fill; -1 when there is none. */
function threadBesidePool({ table, wish }: Taking): number {
  if (wish.threads !== 'prefer' && wish.threads !== 'require') return -1;
  for (let i = 0; i < table.count; i += 1) if (table.poolCpus[i]! > 0 && table.free[i] === 1) return i;
  return -1;
}

/** How many vCPUs of one guest the cell could take under this wish, extras aside. */
export function cellCapacity(table: CoreTable, wish: PickWish): number {
  let best = 0;
  let all = 0;
  const domains = new Int32Array(table.domainCount);
  const halves = new Uint8Array(table.domainCount);
  for (let i = 0; i < table.count; i += 1) {
    const domain = table.domain[i]!;
    if (wish.threads === 'require' && isHalf(table, i) && isKind(table, i, wish.kind)) halves[domain] = 1;
    domains[domain]! += coreCapacity(table, i, wish);
    all += coreCapacity(table, i, wish);
  }
  for (let d = 0; d < domains.length; d += 1) best = Math.max(best, domains[d]! + halves[d]!);
  return wish.oneCache ? best : all + (halves.includes(1) ? 1 : 0);
}

function pickVcpus(taking: Taking, count: number): boolean {
  const { wish, scratch } = taking;
  const groupCount = wish.oneCache ? taking.table.domainCount : taking.table.groupCount;
  const total = sumGroups(taking, groupCount);
  const single = chooseGroup(taking, groupCount, count);
  if (single >= 0) {
    scratch.domains = 1;
    takeFromGroup(taking, single, count);
    return scratch.length === count;
  }
  if (wish.oneCache || total.capacity + total.halves < count) return false;
  return spanGroups(taking, groupCount, count);
}

function spanGroups(taking: Taking, groupCount: number, count: number): boolean {
  const { wish, scratch } = taking;
  while (scratch.length < count) {
    const left = count - scratch.length;
    const last = chooseGroup(taking, groupCount, left);
    const group = last >= 0 ? last : largestGroup(scratch, groupCount);
    if (group < 0) return wish.threads === 'require' && left === 1 && takeHalf(taking, -1);
    const before = scratch.length;
    takeFromGroup(taking, group, last >= 0 ? left : Math.min(left, scratch.capacity[group]!));
    if (scratch.length === before) return false;
    scratch.used[group] = 1;
    scratch.domains += 1;
  }
  return true;
}

/** Fills `capacity` (under `require` without half-used cores) and `partial` (threads that break no core). */
function sumGroups(
  taking: Taking,
  groupCount: number,
): { readonly capacity: number; readonly halves: number } {
  const { table, groups, wish, scratch } = taking;
  scratch.capacity.fill(0, 0, groupCount);
  scratch.partial.fill(0, 0, groupCount);
  scratch.used.fill(0, 0, groupCount);
  scratch.halves.fill(0, 0, groupCount);
  let capacity = 0;
  let halves = 0;
  for (let i = 0; i < table.count; i += 1) {
    const takes = coreCapacity(table, i, wish);
    const group = groups[i]!;
    if (takes > 0) {
      capacity += takes;
      scratch.capacity[group]! += takes;
      if (table.breakable[i] === 0) scratch.partial[group]! += takes;
    } else if (wish.threads === 'require' && isHalf(table, i) && isKind(table, i, wish.kind)) {
      halves = 1;
      scratch.halves[group] = 1;
    }
  }
  return { capacity, halves };
}

/** The group that takes `count` alone and is best by the docstring's step 2, or -1. */
function chooseGroup(taking: Taking, groupCount: number, count: number): number {
  const { wish, scratch } = taking;
  let best = -1;
  let bestKey = Infinity;
  for (let group = 0; group < groupCount; group += 1) {
    if (scratch.used[group] === 1) continue;
    const left = scratch.capacity[group]! + scratch.halves[group]! - count;
    if (left < 0) continue;
    const broken = wish.threads === 'isolate' ? 0 : Math.max(0, count - scratch.partial[group]!);
    const key = wish.pack ? broken * 65536 + left : -left;
    if (key < bestKey) [best, bestKey] = [group, key];
  }
  return best;
}

function largestGroup(scratch: PickScratch, groupCount: number): number {
  let best = -1;
  for (let group = 0; group < groupCount; group += 1) {
    if (scratch.used[group] === 1 || scratch.capacity[group] === 0) continue;
    if (best < 0 || scratch.capacity[group]! > scratch.capacity[best]!) best = group;
  }
  return best;
}

/**
 * One CPU apart from the vCPUs. Ranks of cores, lowest number within a rank: 0 carries pool CPUs already (for a
 * pool CPU), 1 used by this pick in the same domain, 2 half used, 3 whole. Under `isolate` only a whole core.
 */
function pickExtra(taking: Taking, stack: boolean): boolean {
  const { table, wish, scratch } = taking;
  let best = -1;
  let bestRank = 4;
  for (let i = 0; i < table.count && bestRank > 0; i += 1) {
    if (table.free[i]! <= scratch.taken[i]!) continue;
    if (wish.threads === 'isolate' && table.whole[i] === 0) continue;
    const rank =
      stack && table.poolCpus[i]! > 0 ? 0 : scratch.taken[i]! > 0 ? 1 : table.breakable[i] === 0 ? 2 : 3;
    if (rank < bestRank) [best, bestRank] = [i, rank];
  }
  if (best < 0) return false;
  takeThreads(taking, best, 1);
  return true;
}
