import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { must, type Facts } from './placement-facts.ts';

/** Cost, node set, memory mode, realtime and the told topology. */
export function checkSummary(facts: Facts): void {
  const { placement, spec, host } = facts;
  const { cost, topology } = placement;
  const iothreadCpus = spec.iothreadPolicy === 'isolate' ? spec.iothreads : 0;
  const shared = (spec.vcpus - facts.dedicatedVcpus.size) / (host.policy.cpu_allocation_ratio ?? 4);
  must(
    facts,
    cost.dedicated === facts.dedicatedVcpus.size + iothreadCpus,
    'The cost of dedicated CPUs is wrong.',
  );
  must(
    facts,
    Math.abs(cost.shared - shared) < 1e-9 && cost.emulator === placement.emulator.share,
    'The shared or emulator cost is wrong.',
  );
  must(
    facts,
    Math.abs(cost.total - cost.dedicated - cost.shared - cost.emulator) < 1e-9,
    'The cost does not add up.',
  );
  must(
    facts,
    parseCpuList(placement.nodeset).equals(CpuSet.of(placement.cells.map(cell => cell.hostCell))),
    'The node set is wrong.',
  );
  must(
    facts,
    placement.memoryMode === (placement.cells.length > 1 ? 'strict' : 'restrictive'),
    'The memory mode is wrong.',
  );
  must(
    facts,
    (placement.realtime?.vcpus ?? null) === (spec.realtimeVcpus?.toString() ?? null),
    'The realtime vCPUs are wrong.',
  );
  must(
    facts,
    topology.sockets * topology.cores * topology.threads === spec.vcpus,
    'The told topology has another number of vCPUs.',
  );
  if (spec.topology.preferred.threads === null && topology.threads > 1)
    must(facts, siblingsAreReal(facts, topology.threads), 'The guest is told siblings that are none.');
}

function siblingsAreReal({ host, placement }: Facts, threads: number): boolean {
  const cores = host.topology.cells.flatMap(cell => cell.cores).map(parseCpuList);
  const core = (vcpu: number) =>
    cores.findIndex(set => set.has(parseCpuList(placement.pins[vcpu] ?? '').first ?? -1));
  return Object.keys(placement.pins).every(
    key => core(Number(key)) === core(Number(key) - (Number(key) % threads)),
  );
}
