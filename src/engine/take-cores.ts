import type { CoreTable } from './core-table.ts';
import { coreCapacity, isHalf, isKind } from './core-capacity.ts';
import type { PickScratch, PickWish } from './pick-scratch.ts';

/** Where a pick goes on: one group of cores (a cache domain, or one kind within it) of one cell. */
export interface Taking {
  readonly table: CoreTable;
  readonly groups: Int32Array;
  readonly wish: PickWish;
  readonly scratch: PickScratch;
}

/** Takes `count` CPUs of a group that has the capacity for them, by the thread policy's own rule. */
export function takeFromGroup(taking: Taking, group: number, count: number): void {
  switch (taking.wish.threads) {
    case 'prefer':
      takePreferring(taking, group, count);
      return;
    case 'require':
      takeSiblings(taking, group, count);
      return;
    case 'separate':
      takeOneEach({ taking, group, count, breakable: taking.wish.pack ? 0 : 1 });
      return;
    case 'isolate':
    case 'avoid':
      takeOneEach({ taking, group, count, breakable: 0 });
  }
}

/**
 * `prefer`:
 * 1. under pack, as few whole cores as the half-used ones leave necessary (the CPUs of emulator and iothreads
 *    included, so that they take the odd threads); under spread, as many whole cores as
 *    the vCPUs fill;
 * 2. then threads of half-used cores, ascending;
 * 3. then threads of further whole cores.
 * Whole cores come first in the pick, so that neighbouring vCPUs are siblings.
 */
function takePreferring(taking: Taking, group: number, count: number): void {
  const { table, groups, wish, scratch } = taking;
  let needed = wish.pack ? count + scratch.extras - scratch.partial[group]! : count;
  let left = count;
  for (let i = 0; i < table.count && needed > 0 && left > 0; i += 1) {
    if (groups[i] !== group || table.breakable[i] === 0 || !isKind(table, i, wish.kind)) continue;
    if (!wish.pack && table.free[i]! > needed) break;
    const taken = takeThreads(taking, i, Math.min(left, table.free[i]!));
    needed -= taken;
    left -= taken;
  }
  for (let breakable = 0; breakable < 2; breakable += 1) {
    for (let i = 0; i < table.count && left > 0; i += 1) {
      if (groups[i] !== group || table.breakable[i] !== breakable || !isKind(table, i, wish.kind)) continue;
      if (scratch.taken[i] === 0) left -= takeThreads(taking, i, Math.min(left, table.free[i]!));
    }
  }
}

/**
 * `require`: cores with most free threads first, each used up; a last odd vCPU goes to a half-used core of the
 * group, else of the cell (unless one cache domain is required), else to one thread of a further whole core.
 */
function takeSiblings(taking: Taking, group: number, count: number): void {
  const { table, groups, wish } = taking;
  let left = count;
  let most = 0;
  for (let i = 0; i < table.count; i += 1)
    if (groups[i] === group && table.free[i]! > most) most = table.free[i]!;
  for (let size = most; size > 1; size -= 1) {
    for (let i = 0; i < table.count && left > 0; i += 1) {
      if (groups[i] !== group || table.free[i] !== size || !isKind(table, i, wish.kind)) continue;
      if (left === 1 && takeHalf(taking, group)) return;
      left -= takeThreads(taking, i, Math.min(left, size));
    }
  }
  if (left === 1) takeHalf(taking, group);
}

/** Takes a half-used core of the group (-1: of none in particular), else of the cell; returns whether there was one. */
export function takeHalf(taking: Taking, group: number): boolean {
  const { table, groups, wish, scratch } = taking;
  for (let pass = 0; pass < (wish.oneCache ? 1 : 2); pass += 1) {
    for (let i = 0; i < table.count; i += 1) {
      if ((groups[i] === group) !== (pass === 0) || scratch.taken[i] !== 0) continue;
      if (isHalf(table, i) && isKind(table, i, wish.kind)) {
        takeThreads(taking, i, 1);
        return true;
      }
    }
  }
  return false;
}

/** One CPU a core, ascending: first the cores whose breakability is this, then the others. */
function takeOneEach(input: {
  readonly taking: Taking;
  readonly group: number;
  readonly count: number;
  readonly breakable: number;
}): void {
  const { taking, group } = input;
  const { table, groups, wish } = taking;
  let left = input.count;
  for (let pass = 0; pass < 2; pass += 1) {
    for (let i = 0; i < table.count && left > 0; i += 1) {
      if (groups[i] !== group || (table.breakable[i] === input.breakable) !== (pass === 0)) continue;
      if (coreCapacity(table, i, wish) > 0) left -= takeThreads(taking, i, 1);
    }
  }
}

/** Takes the next `count` free threads of a core, and the whole core under `isolate`; returns `count`. */
export function takeThreads(taking: Taking, core: number, count: number): number {
  const { table, scratch, wish } = taking;
  const from = table.start[core]! + scratch.taken[core]!;
  for (let i = 0; i < count; i += 1) {
    scratch.cpus[scratch.length] = table.threads[from + i]!;
    scratch.length += 1;
  }
  scratch.taken[core] = wish.threads === 'isolate' ? table.free[core]! : scratch.taken[core]! + count;
  return count;
}
