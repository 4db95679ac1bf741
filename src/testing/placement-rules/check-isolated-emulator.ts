import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { must, type Facts } from './placement-facts.ts';

/** An isolated emulator's CPU: in the pool, on the guest's cells, shared by no more guests than the ratio. */
export function checkIsolatedEmulator(facts: Facts, set: CpuSet): void {
  const { placement, host, ratio } = facts;
  must(facts, set.size === 1, 'An isolated emulator has exactly one CPU.');
  must(facts, Math.abs(placement.emulator.share - 1 / ratio) < 1e-9, 'The emulator’s share is not 1/R.');
  const holders = host.claims.filter(
    held => held.emulator?.policy === 'isolate' && parseCpuList(held.emulator.cpus).intersects(set),
  );
  must(
    facts,
    holders.length + 1 <= ratio || holders.length === 0,
    'The pool CPU carries more guests than the ratio.',
  );
  must(
    facts,
    holders.every(held => (held.emulator?.share ?? 1) < 1) || !facts.emulatorPin.isEmpty,
    'The pool CPU was promised to one guest alone.',
  );
  if (!facts.emulatorPin.isEmpty) {
    must(facts, set.isSubsetOf(facts.emulatorPin), 'The emulator is outside of emulator_pin_set.');
    return;
  }
  const cells = CpuSet.union(
    placement.cells.map(cell => parseCpuList(facts.cellById.get(cell.hostCell)!.cpus)),
  );
  must(facts, set.isSubsetOf(cells), 'The emulator CPU is on no host cell of the guest.');
  must(facts, set.isSubsetOf(facts.dedicatedSet), 'The emulator CPU is not a dedicated CPU.');
  const idle = facts.running === undefined ? CpuSet.EMPTY : idleBesidePools(facts);
  must(facts, holders.length > 0 || !set.minus(idle).intersects(facts.taken), 'The emulator CPU is claimed.');
  if (facts.spec.threadPolicy !== 'isolate') return;
  const pools = CpuSet.union(
    host.claims
      .filter(held => held.emulator?.policy === 'isolate')
      .map(held => parseCpuList(held.emulator!.cpus)),
  );
  const used = CpuSet.union(
    host.claims
      .flatMap(held => held.cells)
      .map(held => parseCpuList(held.pcpus).minus(parseCpuList(held.burnt ?? ''))),
  );
  for (const core of host.topology.cells.flatMap(cell => cell.cores).map(parseCpuList)) {
    if (!core.intersects(set)) continue;
    must(
      facts,
      !core.minus(pools).intersects(used),
      'The emulator of an isolate guest is on a half-used core.',
    );
    must(
      facts,
      ![...facts.pinOf.values()].some(cpu => core.has(cpu)),
      'The emulator of an isolate guest shares a core with its vCPU.',
    );
  }
}

/**
 * CPUs that isolate guests keep idle because their emulator stands on the same core. Such an emulator may come to a core of which
 * a pool CPU is in use, so that a guest which runs already may have its own on one of them.
 */
function idleBesidePools({ host }: Facts): CpuSet {
  const cores = host.topology.cells.flatMap(cell => cell.cores).map(parseCpuList);
  return CpuSet.union(
    host.claims
      .filter(held => held.emulator?.policy === 'isolate')
      .map(held => {
        const pool = parseCpuList(held.emulator!.cpus);
        const burnt = CpuSet.union(held.cells.map(cell => parseCpuList(cell.burnt ?? '')));
        return CpuSet.union(cores.filter(core => core.intersects(pool))).intersect(burnt);
      }),
  );
}
