import { CpuSet } from '../domain/cpu-set.ts';
import { cpuMarks } from '../formats/map/cpu-marks.ts';
import type { MapModel } from '../formats/map/map-model.ts';

/** The map as data: CPUs by what they are used for, and the guests. */
export function statusDocument(model: MapModel): object {
  const uses = new Map<string, number[]>();
  for (const [cpu, { use }] of cpuMarks(model)) uses.set(use, [...(uses.get(use) ?? []), cpu]);
  return {
    kind: 'pinfold/status',
    version: 1,
    topology: model.topology,
    cpus: Object.fromEntries([...uses].map(([use, cpus]) => [use, CpuSet.of(cpus).toString()])),
    guests: model.guests.map(({ name, source, vcpus, iothreads, emulator, memory }) => ({
      vm: name,
      source,
      vcpus: vcpus.map(String),
      iothreads: iothreads.map(String),
      emulator: emulator.toString(),
      memory,
    })),
  };
}
