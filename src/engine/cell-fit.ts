import type { Constraint } from '../domain/refusal-codes.ts';
import type { CellModel } from './cell-model.ts';
import type { CoreTable } from './core-table.ts';
import type { CellNeed, GuestNeed } from './guest-need.ts';
import type { HostModel } from './host-model.ts';
import { cellCapacity, pickCpus } from './pick-cpus.ts';
import { pickWithLeastFloating } from './pick-least-floating.ts';
import type { PickScratch, PickWish } from './pick-scratch.ts';
import { joinablePoolCpu } from './place-emulator.ts';
import { choosePool, NO_POOL, type Missing } from './place-memory.ts';
import { pairCost } from './score.ts';

/** One question: does this guest cell fit on this host cell, and at what cost? */
export interface PairQuestion {
  readonly guest: GuestNeed;
  readonly need: CellNeed;
  /** The guest cell provides the CPUs of emulator and iothreads too. */
  readonly carrier: boolean;
  readonly scratch: PickScratch;
  /** Say what is missing; else only whether it fits is answered, which is faster. */
  readonly explain: boolean;
  /** Filled in when it does not fit and is to be explained. */
  readonly missing: Missing;
}

/** The packed cost (see score.ts), or Infinity when it does not fit; the pick stays in the scratch arrays. */
export function fitCell(model: HostModel, cell: CellModel, ask: PairQuestion): number {
  const { guest, need, missing } = ask;
  const allowed = guest.spec.allowedCells;
  if (allowed !== null && !allowed.includes(cell.id)) return lack(missing, 'allowed-cells', 1, 0);
  if (choosePool(model, cell, ask) === NO_POOL) return Infinity;
  const extras = ask.carrier ? extraCpus(model, cell, guest) : 0;
  if (need.dedicated + extras > 0) {
    if (!pickForCell(model, cell, { guest, need, scratch: ask.scratch, extras }))
      return ask.explain ? explainCpus(cell, ask, extras) : Infinity;
  } else {
    ask.scratch.length = 0;
    ask.scratch.domains = 0;
    ask.scratch.taken.fill(0, 0, cell.cores.count);
  }
  const used = need.dedicated + extras > 0 ? floatingTaken(cell.cores, ask.scratch) : 0;
  if (!sharedFits(model, cell, { ask, used })) return Infinity;
  const slots =
    need.dedicated > 0 || need.shared === 0
      ? 0
      : Math.floor(cell.floatingSize * Math.min(model.policy.cpuRatio, 1000)) - cell.sharedVcpus;
  return pairCost(cell, {
    guest,
    need,
    scratch: ask.scratch,
    newPoolCpu: extras > guest.iothreadCpus,
    slots,
  });
}

/** CPUs apart from the vCPUs that this host cell would have to provide. */
export function extraCpus(model: HostModel, cell: CellModel, guest: GuestNeed): number {
  const own = guest.emulatorCpu && joinablePoolCpu(model, cell, guest) < 0 ? 1 : 0;
  return guest.iothreadCpus + own;
}

/** Picks CPUs so that as few as necessary leave the floating set when shared guests need it. */
export function pickForCell(
  model: HostModel,
  cell: CellModel,
  ask: {
    readonly guest: GuestNeed;
    readonly need: CellNeed;
    readonly extras: number;
    readonly scratch: PickScratch;
  },
): boolean {
  const { need, extras, scratch, guest } = ask;
  const wanted = { dedicated: need.dedicated, extras };
  if (!pickCpus(cell.cores, wanted, { wish: guest.wish, scratch })) return false;
  if (need.shared + cell.sharedVcpus === 0) return true;
  if (floatingTaken(cell.cores, scratch) <= floatingSpare(model, cell, need.shared)) return true;
  return pickWithLeastFloating(cell.cores, wanted, { wish: guest.wish, scratch });
}

/** How many CPUs of the floating set a pick takes or burns. */
function floatingTaken(table: CoreTable, scratch: PickScratch): number {
  let used = 0;
  for (let i = 0; i < table.count; i += 1) used += Math.max(0, scratch.taken[i]! - table.quiet[i]!);
  return used;
}

/** How many CPUs of the floating set may go: the rest carries the shared vCPUs of all within the ratio. */
function floatingSpare(model: HostModel, cell: CellModel, shared: number): number {
  const forAll = Math.ceil((cell.sharedVcpus + shared) / model.policy.cpuRatio - 1e-9);
  return cell.floatingSize - Math.max(shared > 0 ? 1 : 0, forAll);
}

function sharedFits(
  model: HostModel,
  cell: CellModel,
  { ask, used }: { readonly ask: PairQuestion; readonly used: number },
): boolean {
  const { need, missing } = ask;
  const rest = cell.floatingSize - used;
  if (need.shared > 0 && rest === 0) return refuse(missing, 'shared-cpus', 1, 0);
  const limit = rest * model.policy.cpuRatio;
  if (need.shared > 0 && cell.sharedVcpus + need.shared > limit)
    return refuse(missing, 'shared-ratio', cell.sharedVcpus + need.shared, Math.floor(limit));
  if (used > 0 && cell.sharedVcpus > limit)
    return refuse(missing, 'shared-guests-cpus', cell.sharedVcpus, Math.floor(limit));
  return true;
}

const BY_POLICY: Readonly<Record<PickWish['threads'], Constraint>> = {
  prefer: 'free-dedicated-cpus',
  isolate: 'whole-cores',
  require: 'sibling-threads',
  separate: 'separate-cores',
  avoid: 'cores-without-siblings',
};

/** Names the narrowest limit that the CPUs miss: total, free, thread policy, kind, cache domain, extras. */
function explainCpus(cell: CellModel, ask: PairQuestion, extras: number): number {
  const { guest, need, missing } = ask;
  const all = need.dedicated + extras;
  if (all > cell.dedicatedTotal) return lack(missing, 'dedicated-cpus', all, cell.dedicatedTotal);
  if (need.dedicated > cell.cores.freeTotal)
    return lack(missing, 'free-dedicated-cpus', all, cell.cores.freeTotal);
  const wish = guest.wish;
  const anyKind = cellCapacity(cell.cores, { ...wish, kind: 0, oneCache: false });
  if (need.dedicated > anyKind) return lack(missing, BY_POLICY[wish.threads], need.dedicated, anyKind);
  const ofKind = cellCapacity(cell.cores, { ...wish, oneCache: false });
  if (need.dedicated > ofKind) return lack(missing, 'cpu-kind', need.dedicated, ofKind);
  const inCache = cellCapacity(cell.cores, wish);
  if (need.dedicated > inCache) return lack(missing, 'cache-domain', need.dedicated, inCache);
  const available = wish.threads === 'isolate' ? anyKind : cell.cores.freeTotal;
  return lack(missing, 'emulator-cpu', all, available);
}

function lack(missing: Missing, constraint: Constraint, needed: number, available: number): number {
  missing.constraint = constraint;
  missing.needed = needed;
  missing.available = available;
  return Infinity;
}

function refuse(...lacking: Parameters<typeof lack>): false {
  lack(...lacking);
  return false;
}
