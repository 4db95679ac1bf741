import { counted } from '../../domain/counted.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { CpuMark } from './cpu-marks.ts';
import type { MapModel } from './map-model.ts';
import { shortList } from './short-list.ts';
import { sizeText } from './size-text.ts';

/** What the machine is and how much of it is left, in a few parts; those that are not known are left out. */
export function factsOf({ topology, guests }: MapModel, marks: ReadonlyMap<number, CpuMark>): string[] {
  const { cells, looseCores, cpus } = topology;
  const sockets = new Set(cells.flatMap(cell => cell.package ?? []));
  const memoryMiB = cells.reduce((sum, cell) => sum + (cell.memoryMiB ?? 0), 0);
  const free = [...marks.values()].filter(({ use }) => use === 'free').length;
  return [
    ...(sockets.size === 0 ? [] : [counted(sockets.size, 'socket')]),
    counted(cells.length, 'cell'),
    counted(new Set([...cells.flatMap(cell => cell.cores), ...looseCores]).size, 'core'),
    counted(parseCpuList(cpus.online).size, 'CPU'),
    ...(memoryMiB === 0 ? [] : [sizeText(memoryMiB)]),
    counted(guests.length, 'guest'),
    `${counted(free, 'CPU')} free`,
  ];
}

/** Remarks for the legend. A CPU that is switched off belongs to no core that the kernel tells of. */
export function notesOf(
  { topology }: MapModel,
  marks: ReadonlyMap<number, CpuMark>,
  letters: ReadonlyMap<string, string>,
): string[] {
  const offline = CpuSet.of([...marks].filter(([, { use }]) => use === 'offline').map(([cpu]) => cpu));
  const isolated = parseCpuList(topology.cpus.isolated ?? '');
  const kept = [...marks.values()].find(mark => mark.use === 'kept-empty');
  const letter = kept !== undefined && 'guest' in kept ? (letters.get(kept.guest) ?? '') : '';
  return [
    ...(offline.isEmpty ? [] : [`offline: ${shortList(offline)}`]),
    ...(isolated.isEmpty ? [] : [`isolated from the scheduler: ${shortList(isolated)}`]),
    ...(letter === '' ? [] : [`${letter.toLowerCase()} kept empty for ${letter}`]),
  ];
}
