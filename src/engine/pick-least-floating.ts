import type { CoreTable } from './core-table.ts';
import { coreCapacity, isHalf, isKind } from './core-capacity.ts';
import type { PickScratch, PickWish } from './pick-scratch.ts';
import { takeThreads, type Taking } from './take-cores.ts';

/**
 * Picks like `pickCpus` but for one aim: to take as few CPUs as possible from the floating set, because shared
 * guests need it. Cores are visited by how many floating CPUs they cost, lowest number first; within a core
 * the CPUs outside of the floating set come first. With one cache domain required, each domain is tried and
 * the cheapest kept. Returns whether there is a pick; it stands in the scratch arrays.
 */
export function pickWithLeastFloating(
  table: CoreTable,
  need: { readonly dedicated: number; readonly extras: number },
  pick: { readonly wish: PickWish; readonly scratch: PickScratch },
): boolean {
  const { wish, scratch } = pick;
  const taking = { table, groups: table.domain, wish, scratch };
  if (!wish.oneCache || need.dedicated === 0) return tryDomain(taking, need, -1);
  let best = -1;
  let fewest = Infinity;
  for (let domain = 0; domain < table.domainCount; domain += 1) {
    if (!tryDomain(taking, need, domain)) continue;
    const used = floatingIn(table, scratch);
    if (used < fewest) [best, fewest] = [domain, used];
  }
  return best >= 0 && tryDomain(taking, need, best);
}

function tryDomain(
  taking: Taking,
  need: { readonly dedicated: number; readonly extras: number },
  domain: number,
): boolean {
  const { table, wish, scratch } = taking;
  scratch.length = 0;
  scratch.domains = 1;
  scratch.taken.fill(0, 0, table.count);
  const order = Array.from({ length: table.count }, (_, core) => core);
  const inDomain = order.filter(core => domain < 0 || table.domain[core] === domain);
  takeVcpus(taking, inDomain, need.dedicated);
  if (scratch.length < need.dedicated) return false;
  for (let extra = 0; extra < need.extras; extra += 1) {
    const left = order.filter(
      core =>
        table.free[core]! > scratch.taken[core]! && (wish.threads !== 'isolate' || table.whole[core] === 1),
    );
    const best = cheapest(left, core => nextCosts(taking, core));
    if (best < 0) return false;
    takeThreads(taking, best, 1);
  }
  return true;
}

function takeVcpus(taking: Taking, cores: readonly number[], count: number): void {
  const { table, wish, scratch } = taking;
  const single = wish.threads !== 'require';
  while (scratch.length < count) {
    const left = count - scratch.length;
    const open = cores.filter(core => takesMore(taking, core));
    const halves = cores.filter(
      core => isHalf(table, core) && isKind(table, core, wish.kind) && scratch.taken[core] === 0,
    );
    const best = single
      ? cheapest(open, core => nextCosts(taking, core))
      : left === 1
        ? cheapest([...halves, ...open], core => nextCosts(taking, core))
        : cheapest(
            open,
            core =>
              Math.max(0, Math.min(left, table.free[core]!) - table.quiet[core]!) /
              Math.min(left, table.free[core]!),
          );
    const core = best < 0 && left === 1 && !single ? cheapest(halves, () => 0) : best;
    if (core < 0) return;
    takeThreads(taking, core, single ? 1 : Math.min(left, table.free[core]!));
  }
}

function takesMore({ table, wish, scratch }: Taking, core: number): boolean {
  const capacity = coreCapacity(table, core, wish);
  if (wish.threads === 'prefer') return capacity > scratch.taken[core]!;
  return capacity > 0 && scratch.taken[core] === 0;
}

/** Floating CPUs that the next thread of the core costs: all of the core's under isolate. */
function nextCosts({ table, wish, scratch }: Taking, core: number): number {
  if (wish.threads === 'isolate') return table.free[core]! - table.quiet[core]!;
  return scratch.taken[core]! < table.quiet[core]! ? 0 : 1;
}

function cheapest(cores: readonly number[], cost: (core: number) => number): number {
  let best = -1;
  let least = Infinity;
  for (const core of cores) {
    if (cost(core) < least) [best, least] = [core, cost(core)];
  }
  return best;
}

function floatingIn(table: CoreTable, scratch: PickScratch): number {
  let used = 0;
  for (let i = 0; i < table.count; i += 1) used += Math.max(0, scratch.taken[i]! - table.quiet[i]!);
  return used;
}
