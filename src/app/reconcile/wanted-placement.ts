import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import type { HostModel } from '../../engine/host-model.ts';

/** Every CPU that a claim makes unusable for others. */
export function heldCpus(entry: Pick<LedgerEntry, 'claim'>): CpuSet {
  return CpuSet.union(entry.claim.cells.map(({ pcpus }) => parseCpuList(pcpus)));
}

/** Whether these CPUs are one CPU that the guest has for itself. */
export function isOwnCpu(cpus: CpuSet, held: CpuSet): boolean {
  return cpus.size === 1 && cpus.isSubsetOf(held);
}

/**
 * The placement of an entry as it holds now. Dedicated pins stay. What floats follows the others:
 *
 * 1. A vCPU whose set is not the guest's own floats over its cell's shared CPUs that no claim holds now.
 * 2. Emulator threads of a guest of which every vCPU floats go with them, when their policy is to float.
 * 3. Other emulator threads that share CPUs give up those that a claim of another guest holds now.
 *
 * A set that would become empty stays as it was.
 */
export function wantedPlacement(
  entry: LedgerEntry & { readonly placement: Placement },
  model: HostModel,
): Placement {
  const { placement } = entry;
  const held = heldCpus(entry);
  const floating = new Map<string, string>();
  for (const cell of placement.cells) {
    const now = model.cells.find(({ id }) => id === cell.hostCell)?.floating ?? CpuSet.EMPTY;
    for (const vcpu of parseCpuList(cell.vcpus)) {
      const pin = placement.pins[vcpu];
      if (pin !== undefined && !now.isEmpty && !parseCpuList(pin).isSubsetOf(held))
        floating.set(`${vcpu}`, now.toString());
    }
  }
  const pins = Object.fromEntries(
    Object.entries(placement.pins).map(([vcpu, cpus]) => [vcpu, floating.get(vcpu) ?? cpus]),
  );
  const emulator = { ...placement.emulator, cpus: emulatorNow(entry, { model, pins, floating, held }) };
  const iothreads = Object.fromEntries(
    Object.entries(placement.iothreads).map(([id, cpus]) => [
      id,
      cpus === placement.emulator.cpus ? emulator.cpus : cpus,
    ]),
  );
  return { ...placement, pins, emulator, iothreads };
}

function emulatorNow(
  { placement }: LedgerEntry & { readonly placement: Placement },
  now: {
    readonly model: HostModel;
    readonly pins: Readonly<Record<string, string>>;
    readonly floating: ReadonlyMap<string, string>;
    readonly held: CpuSet;
  },
): string {
  const { policy, cpus } = placement.emulator;
  const allFloat = now.floating.size === Object.keys(now.pins).length;
  if (policy === 'float' && allFloat)
    return CpuSet.union(Object.values(now.pins).map(parseCpuList)).toString();
  if (policy === 'isolate') return cpus;
  const left = parseCpuList(cpus).minus(now.model.usage.cpus.minus(now.held));
  return left.isEmpty ? cpus : left.toString();
}

/** Whether two CPU lists name the same CPUs of those that are online; one of which none is, is only itself. */
export function sameCpus(left: string, right: string, online: CpuSet): boolean {
  const [a, b] = [parseCpuList(left), parseCpuList(right)];
  return a.equals(b) || (a.intersects(online) && a.intersect(online).equals(b.intersect(online)));
}
