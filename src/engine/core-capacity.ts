import type { CoreTable } from './core-table.ts';
import type { PickWish } from './pick-scratch.ts';

/** Whether the core is of the CPU kind that the guest wants. */
export function isKind(table: CoreTable, core: number, kind: number): boolean {
  return kind === 0 || table.kind[core] === 0 || table.kind[core] === kind;
}

/** Whether the core is half used: one free thread of an SMT core; an odd last vCPU under `require` may take it. */
export function isHalf(table: CoreTable, core: number): boolean {
  return table.free[core] === 1 && table.usable[core]! > 1;
}

/**
 * How many vCPUs of one guest the core can take under a thread policy. For `require` this leaves out half-used
 * cores, of which a guest cell may take one (see {@link isHalf}).
 */
export function coreCapacity(table: CoreTable, core: number, wish: PickWish): number {
  if (!isKind(table, core, wish.kind)) return 0;
  const free = table.free[core]!;
  switch (wish.threads) {
    case 'prefer':
      return free;
    case 'isolate':
      return table.whole[core]!;
    case 'require':
      return free > 1 ? free : 0;
    case 'separate':
      return free > 0 ? 1 : 0;
    case 'avoid':
      return table.online[core] === 1 ? free : 0;
  }
}
