import type { Claim, ClaimCell } from '../../domain/claim.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { parseCpuSpec } from '../../domain/cpu-spec.ts';
import type { Host } from '../../domain/host.ts';
import type { HostPolicy } from '../../domain/host-policy.ts';
import type { HostTopology } from '../../domain/host-topology.ts';
import type { MapGuest, MapModel } from './map-model.ts';

/** The base page size where nobody says it. */
const BASE_PAGE_KIB = 4;

/** The map of a host document: its claims instead of what runs. */
export function mapModelOfHost({ topology, policy, claims }: Host): MapModel {
  return {
    topology,
    policy,
    guests: claims.map(claim =>
      guestOfClaim(claim, {
        topology,
        policy,
        claims,
        source: claim.source === 'leased' ? 'lease' : 'claim',
      }),
    ),
    keptEmpty: new Map(claims.flatMap(claim => [...burntCpus(claim)].map(cpu => [cpu, claim.vm] as const))),
  };
}

/** Where a claim stands. */
export interface ClaimContext {
  readonly topology: HostTopology;
  readonly policy: HostPolicy;
  /** All claims of the host: nobody floats over what they hold. */
  readonly claims: readonly Claim[];
  readonly source: MapGuest['source'];
}

/**
 * A guest as its claim tells: one vCPU on each CPU that it holds without burning it or giving it to its emulator
 * threads alone, and its shared vCPUs over the shared CPUs of their cell.
 */
export function guestOfClaim(claim: Claim, context: ClaimContext): MapGuest {
  const held = CpuSet.union(claim.cells.map(cell => parseCpuList(cell.pcpus)));
  const emulator = parseCpuList(claim.emulator?.cpus ?? '');
  const apart = claim.emulator?.policy === 'isolate' ? emulator : CpuSet.EMPTY;
  const own = [...held.minus(burntCpus(claim)).minus(apart)].map(cpu => CpuSet.of([cpu]));
  const floating = claim.cells.flatMap(cell =>
    Array.from({ length: cell.sharedVcpus }, () => floatingArea(cell, context)),
  );
  const vcpus = [...own, ...floating];
  return {
    name: claim.vm,
    source: context.source,
    floats: true,
    vcpus,
    iothreads: [],
    emulator: emulator.isEmpty ? CpuSet.union(vcpus) : emulator,
    memory: claim.cells
      .filter(({ memoryMiB }) => memoryMiB > 0)
      .map(({ hostCell, pageSizeKiB, memoryMiB }) => ({
        cell: hostCell,
        sizeKiB: pageSizeKiB ?? basePageKiB(context.topology),
        mib: memoryMiB,
      })),
  };
}

function basePageKiB({ cells }: HostTopology): number {
  return cells.find(({ pages }) => pages.length > 0)?.pages[0]?.sizeKiB ?? BASE_PAGE_KIB;
}

/** The CPUs that a claim keeps idle. */
export function burntCpus({ cells }: Claim): CpuSet {
  return CpuSet.union(cells.map(({ burnt }) => parseCpuList(burnt ?? '')));
}

/** The CPUs of a cell that serve shared vCPUs and that nobody holds. */
function floatingArea({ hostCell }: ClaimCell, { topology, policy, claims }: ClaimContext): CpuSet {
  const cell = topology.cells.find(({ id }) => id === hostCell);
  const dedicated = parseCpuSpec(policy.cpu_dedicated_set ?? '');
  const both = parseCpuSpec(policy.vcpu_pin_set ?? '');
  const shared = parseCpuSpec(policy.cpu_shared_set ?? '');
  const all = parseCpuList(topology.cpus.online);
  const named = both.isEmpty ? shared : both;
  const allowed = named.isEmpty && dedicated.isEmpty ? all : named;
  const held = CpuSet.union(claims.flatMap(({ cells }) => cells.map(({ pcpus }) => parseCpuList(pcpus))));
  return parseCpuList(cell?.cpus ?? '')
    .intersect(allowed)
    .minus(held)
    .minus(parseCpuSpec(policy.emulator_pin_set ?? ''));
}
