import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { Host } from '../../domain/host.ts';
import { claimUsage } from '../../engine/claim-usage.ts';
import { buildHostModel, type HostModel } from '../../engine/host-model.ts';
import { withKnownPools } from '../../engine/rebalance/known-pools.ts';
import { relocate } from '../../engine/rebalance/relocate.ts';
import { RunningHost } from '../../engine/running-host.ts';
import { canSpare } from './decide-vcpu.ts';
import { coreFault, type PlacedEntry } from './guest-cores.ts';
import { heldCpus } from './wanted-placement.ts';

/** A guest with the cores that it asked for, and how it came to them; or why it stays as it is. Ends of sentences. */
export type CoresDecision =
  | { readonly entry: PlacedEntry; readonly how: string }
  | { readonly entry: null; readonly why: string };

/**
 * Cores for a guest that has not those that it asked for:
 *
 * 1. Siblings of its CPUs that nobody holds, and that guests which float can spare, are claimed where they are.
 * 2. Else it is decided anew on its cells, as a rebalance does: with all it asks for, and as few threads moved as can be.
 * 3. Where that finds nothing it stays: it runs, but shares a core, or has siblings apart, until a core is free.
 */
export function decideCores(entry: PlacedEntry, spec: GuestSpec, host: Host): CoresDecision {
  const model = buildHostModel(host);
  const fault = coreFault(entry, spec, model);
  if (fault === null) return { entry, how: 'with what was decided before' };
  if (fault.kind === 'unclaimed') {
    const others = host.claims.filter(({ vm }) => vm !== entry.vm);
    if (isFree(fault.missing, { model, entry, others })) {
      const how = `CPU ${fault.missing.toString()} was free and is claimed for it`;
      return { entry: withIdle(entry, fault.missing, model), how };
    }
  }
  const moved = decidedAnew(entry, spec, host);
  if (moved !== null) return { entry: moved, how: `it goes to CPU ${ownCpus(moved).toString()}` };
  return { entry: null, why: whyNot(fault.kind === 'unclaimed' ? fault.missing : null, { entry, host }) };
}

/**
 * The guest anew on the host cells that it is on, without the CPUs that are offline; null when it has no room there with all
 * that it asks for.
 */
export function decidedAnew(entry: PlacedEntry, spec: GuestSpec, host: Host): PlacedEntry | null {
  const { placement, claim } = entry;
  const running = new RunningHost(withKnownPools(host));
  const guest = { spec, placement, claim };
  running.put(guest);
  const home = placement.cells.map(({ hostCell }) => hostCell);
  const to = relocate(running, guest, home);
  if (to === null || to.placement.cells.some(({ hostCell }, row) => hostCell !== home[row])) return null;
  return { ...entry, placement: to.placement, claim: { ...claim, cells: to.claim.cells, ...emulatorOf(to) } };
}

function emulatorOf({ claim }: { readonly claim: PlacedEntry['claim'] }): Partial<PlacedEntry['claim']> {
  return claim.emulator === undefined ? {} : { emulator: claim.emulator };
}

/** The guest keeps these CPUs idle, too, each beside one that it has. */
function withIdle(entry: PlacedEntry, idle: CpuSet, { cells: hosts }: HostModel): PlacedEntry {
  const { claim } = entry;
  const cells = claim.cells.map((cell, at) => {
    const isFirst = claim.cells.findIndex(({ hostCell }) => hostCell === cell.hostCell) === at;
    const here = hosts.find(({ id }) => id === cell.hostCell)?.cpus.intersect(idle) ?? CpuSet.EMPTY;
    if (!isFirst || here.isEmpty) return cell;
    const both = (text: string) => parseCpuList(text).union(here).toString();
    return { ...cell, pcpus: both(cell.pcpus), burnt: both(cell.burnt ?? '') };
  });
  return { ...entry, claim: { ...claim, cells } };
}

/** The CPUs on which a thread of the guest runs alone. */
function ownCpus(entry: PlacedEntry): CpuSet {
  const burnt = CpuSet.union(entry.claim.cells.map(cell => parseCpuList(cell.burnt ?? '')));
  return heldCpus(entry).minus(burnt);
}

/**
 * Whether siblings can be kept idle for a guest: nobody else has them, guests that float have others, and they serve nobody.
 * Beside its emulator's CPU others of the pool may stand, and what they keep idle may be kept idle by both.
 */
function isFree(
  missing: CpuSet,
  {
    model,
    entry,
    others,
  }: { readonly model: HostModel; readonly entry: PlacedEntry; readonly others: Host['claims'] },
): boolean {
  const { emulator, pins } = entry.placement;
  const usage = claimUsage(others);
  const vcpus = CpuSet.union(Object.values(pins).map(parseCpuList));
  const pool = emulator.policy === 'isolate' ? parseCpuList(emulator.cpus) : CpuSet.EMPTY;
  const { dedicated, shared, emulatorPin } = model.policy;
  return model.cells.every(cell => {
    const cores = cell.cores.members.map(core => CpuSet.of(core));
    const own = missing.intersect(cell.cpus);
    const isOpen = (cpu: number) => {
      const core = cores.find(members => members.has(cpu)) ?? CpuSet.EMPTY;
      if (!dedicated.has(cpu) && (shared.has(cpu) || emulatorPin.has(cpu))) return false;
      if (!usage.cpus.has(cpu)) return true;
      const besidePool = core.intersects(pool) && !core.intersects(vcpus);
      return besidePool && (usage.poolCpus.has(cpu) || usage.burnt.has(cpu));
    };
    return [...own].every(isOpen) && canSpare(model, cell, own);
  });
}

function whyNot(
  missing: CpuSet | null,
  { entry, host }: { readonly entry: PlacedEntry; readonly host: Host },
): string {
  const cells = entry.placement.cells.map(({ hostCell }) => hostCell).join(', ');
  const wish = missing === null ? 'no siblings for its vCPUs are' : 'no whole core for it is';
  const holder = host.claims.find(
    claim => claim.vm !== entry.vm && missing !== null && heldCpus({ claim }).intersects(missing),
  );
  const taken = holder === undefined ? '' : `${holder.vm} has that by now, and `;
  return `${taken}${wish} free on cell ${cells}, so it runs on as it is until there is: stop a guest there, or start this one on another node`;
}
