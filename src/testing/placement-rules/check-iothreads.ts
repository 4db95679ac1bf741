import { parseCpuList } from '../../domain/cpu-list.ts';
import { must, type Facts } from './placement-facts.ts';

/** Iothreads run with the emulator, or each on a free dedicated CPU of its own. */
export function checkIothreads(facts: Facts): void {
  const { placement, spec } = facts;
  const sets = Object.values(placement.iothreads).map(parseCpuList);
  must(facts, sets.length === spec.iothreads, 'Not every iothread has a set.');
  if (spec.iothreadPolicy === 'emulator') {
    must(
      facts,
      sets.every(set => set.toString() === placement.emulator.cpus),
      'An iothread is not with the emulator.',
    );
    return;
  }
  const used = [
    ...facts.pinOf.values(),
    ...(spec.emulator === 'isolate' ? parseCpuList(placement.emulator.cpus) : []),
  ];
  for (const set of sets) {
    must(
      facts,
      set.size === 1 && set.isSubsetOf(facts.dedicatedSet) && !set.intersects(facts.taken),
      'An iothread is not on a free dedicated CPU.',
    );
    must(facts, !used.some(cpu => set.has(cpu)), 'An iothread shares a CPU.');
    used.push(...set);
  }
}
