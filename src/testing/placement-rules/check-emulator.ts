import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { checkIsolatedEmulator } from './check-isolated-emulator.ts';
import { must, pinnedOf, type Facts } from './placement-facts.ts';

/** The emulator threads' set. */
export function checkEmulator(facts: Facts): void {
  const { placement, spec, pinOf } = facts;
  const set = parseCpuList(placement.emulator.cpus);
  const start = facts.running === undefined ? parseCpuList(placement.emulator.atStart) : null;
  must(facts, placement.emulator.policy === spec.emulator, 'The emulator policy is another one.');
  must(
    facts,
    set.size > 0 &&
      set.isSubsetOf(facts.online) &&
      (start === null || (set.isSubsetOf(start) && start.isSubsetOf(facts.online))),
    'The emulator set is empty, offline, or not in the starting set.',
  );
  if (start !== null)
    for (const placed of placement.cells) {
      const home = parseCpuList(facts.cellById.get(placed.hostCell)!.cpus);
      must(facts, home.isEmpty || home.intersects(start), 'The starting set misses a memory cell.');
    }
  const all = pinnedOf(facts, CpuSet.range(0, spec.vcpus - 1));
  if (spec.emulator === 'isolate') checkIsolatedEmulator(facts, set);
  else {
    must(facts, placement.emulator.share === 0, 'Only an isolated emulator has a share.');
    if (spec.emulator === 'mask')
      must(
        facts,
        set.equals(pinnedOf(facts, spec.emulatorVcpus!)),
        'The emulator is not on the masked vCPUs.',
      );
    else if (spec.emulator === 'share' && facts.emulatorShared !== null) sharedEmulator(facts, set, all);
    else {
      const others =
        spec.realtimeVcpus === null
          ? CpuSet.EMPTY
          : pinnedOf(facts, CpuSet.range(0, spec.vcpus - 1).minus(spec.realtimeVcpus));
      must(
        facts,
        isOn(facts, set, others.isEmpty ? all : others),
        'The emulator does not float over the guest’s own CPUs.',
      );
    }
  }
  must(
    facts,
    spec.realtimeVcpus === null || !set.isSubsetOf(pinnedOf(facts, spec.realtimeVcpus)),
    'The emulator threads are left alone with realtime vCPUs.',
  );
  must(
    facts,
    spec.emulator !== 'isolate' || ![...pinOf.values()].some(cpu => set.has(cpu)),
    'The isolated emulator shares a CPU with a vCPU.',
  );
}

function sharedEmulator(facts: Facts, set: CpuSet, all: CpuSet): void {
  const open = facts.emulatorShared!.minus(facts.taken).minus(facts.own);
  const cells = CpuSet.union(
    facts.placement.cells.map(cell => parseCpuList(facts.cellById.get(cell.hostCell)!.cpus)),
  );
  const near = open.intersect(cells);
  const right = !near.isEmpty ? near : !open.isEmpty ? open : all;
  must(facts, isOn(facts, set, right), 'The shared emulator is not on the shared set of its cells.');
}

/** Whether the threads are on these CPUs; of a guest that runs, on some of them. */
function isOn({ running }: Facts, set: CpuSet, right: CpuSet): boolean {
  return running === undefined ? set.equals(right) : set.isSubsetOf(right);
}
