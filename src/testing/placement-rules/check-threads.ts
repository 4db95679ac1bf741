import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { must, type Facts } from './placement-facts.ts';

/** The thread policy, cell by cell. */
export function checkThreads(facts: Facts): void {
  const { placement, spec, pinOf, cellById } = facts;
  for (const placed of placement.cells) {
    const cell = cellById.get(placed.hostCell)!;
    const used = CpuSet.of(
      [...parseCpuList(placed.vcpus)].flatMap(vcpu => pinOf.get(vcpu) ?? []).filter(cpu => cpu >= 0),
    );
    const listed = cell.cores.map(parseCpuList);
    const loose = parseCpuList(cell.cpus).minus(CpuSet.union(listed));
    let odd = 0;
    for (const core of [...listed, ...[...loose].map(cpu => CpuSet.of([cpu]))]) {
      const here = core.intersect(used).size;
      if (here === 0) continue;
      if (spec.threadPolicy === 'isolate') wholeCore(facts, core, core.intersect(used));
      if (spec.threadPolicy === 'separate')
        must(facts, here === 1, `Two vCPUs share core ${core.toString()}.`);
      if (spec.threadPolicy === 'avoid')
        must(facts, core.size === 1, `Core ${core.toString()} has siblings.`);
      if (spec.threadPolicy === 'require') {
        must(
          facts,
          core.intersect(facts.dedicatedSet).size > 1,
          `Core ${core.toString()} has no sibling to give.`,
        );
        if (here === 1) odd += 1;
      }
    }
    if (spec.threadPolicy === 'require')
      must(facts, odd <= 1, 'More than one vCPU has no sibling of its guest.');
  }
}

function wholeCore(facts: Facts, core: CpuSet, here: CpuSet): void {
  const open = core.intersect(facts.dedicatedSet);
  const quiet = open.minus(facts.sharedSet);
  must(
    facts,
    here.first === (quiet.isEmpty ? open : quiet).first,
    `Core ${core.toString()} does not run its vCPU on its lowest CPU.`,
  );

  must(facts, here.size === 1, `Two vCPUs share core ${core.toString()}.`);
  must(facts, !core.intersects(facts.taken), `Core ${core.toString()} is partly claimed.`);
  must(
    facts,
    core.intersect(facts.sharedSet.union(facts.emulatorPin)).isSubsetOf(facts.dedicatedSet),
    `Core ${core.toString()} serves others.`,
  );
}
