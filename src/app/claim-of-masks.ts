import type { Claim, ClaimCell } from '../domain/claim.ts';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { HostTopology } from '../domain/host-topology.ts';

/** A guest that Pinfold did not place, as far as it can be seen. */
export interface ForeignGuest {
  readonly vm: string;
  /** The CPUs each vCPU may run on. */
  readonly vcpus: readonly CpuSet[];
  readonly emulator: CpuSet;
  /** null when it cannot be told. */
  readonly memoryMiB: number | null;
}

/**
 * What a guest with pins of somebody else's holds. Its pins are respected and counted, never changed:
 *
 * 1. vCPUs with the same set belong together. A set that holds no more CPUs than vCPUs is theirs alone (one CPU a
 *    vCPU, or OpenNebula's SHARED policy, which gives all of them the guest's whole list), unless it is every
 *    online CPU, or lies in the CPUs that the operator shares out.
 * 2. The other vCPUs float: they count as shared ones, each on the cell that holds most of its set (the lowest
 *    such cell).
 * 3. Memory counts in equal parts on the cells of the vCPUs, without pages: those show in the pools' free pages.
 */
export function claimOfMasks(guest: ForeignGuest, topology: HostTopology, shared: CpuSet): Claim {
  const online = parseCpuList(topology.cpus.online);
  const groups = groupsOf(guest.vcpus.map(mask => mask.intersect(online)));
  const owned = groups.filter(({ set, vcpus }) => isOwned(set, vcpus, { online, shared }));
  const taken = CpuSet.union(owned.map(({ set }) => set));
  const cells = topology.cells.map(cell => ({ id: cell.id, cpus: parseCpuList(cell.cpus) }));
  const floating = groups.filter(group => !owned.includes(group));
  const parts = cells.map(cell => ({
    cell,
    pcpus: cell.cpus.intersect(taken),
    sharedVcpus: floating
      .filter(({ set }) => homeOf(set, cells) === cell.id)
      .reduce((sum, { vcpus }) => sum + vcpus, 0),
  }));
  const held = parts.filter(({ pcpus, sharedVcpus }) => !pcpus.isEmpty || sharedVcpus > 0);
  const memoryMiB = Math.ceil((guest.memoryMiB ?? 0) / Math.max(1, held.length));
  return {
    vm: guest.vm,
    source: 'observed',
    cells: held.map(
      ({ cell, pcpus, sharedVcpus }): ClaimCell => ({
        hostCell: cell.id,
        pcpus: pcpus.toString(),
        sharedVcpus,
        memoryMiB,
        pageSizeKiB: null,
        pages: 0,
      }),
    ),
    emulator: { policy: 'float', cpus: guest.emulator.toString(), share: 0 },
  };
}

interface Group {
  readonly set: CpuSet;
  readonly vcpus: number;
}

function groupsOf(sets: readonly CpuSet[]): readonly Group[] {
  const counts = new Map<string, Group>();
  for (const set of sets)
    counts.set(set.toString(), { set, vcpus: (counts.get(set.toString())?.vcpus ?? 0) + 1 });
  return [...counts.values()];
}

function isOwned(
  set: CpuSet,
  vcpus: number,
  { online, shared }: { readonly online: CpuSet; readonly shared: CpuSet },
): boolean {
  return !set.isEmpty && set.size <= vcpus && !set.equals(online) && !set.isSubsetOf(shared);
}

function homeOf(
  set: CpuSet,
  cells: readonly { readonly id: number; readonly cpus: CpuSet }[],
): number | undefined {
  const sizes = cells.map(cell => ({ id: cell.id, size: cell.cpus.intersect(set).size }));
  return sizes.sort((a, b) => b.size - a.size || a.id - b.id)[0]?.id;
}
