import { clip, parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Cell, HostTopology } from '../domain/host-topology.ts';
import { checkListedCpus } from './check-listed-cpus.ts';
import { documentError } from './parse-with.ts';

/**
 * Refuses a topology that contradicts itself, in one sentence. In this order: a cell that stands twice; a CPU in
 * two cells; a CPU of a cell that is not online; a core with CPUs outside its cell or on two cores; a page size
 * that stands twice in a cell.
 */
export function checkTopology(topology: HostTopology, title: string): void {
  checkListedCpus(listsOf(topology), title);
  const online = parseCpuList(topology.cpus.online);
  const cellOf = new Map<number, CpuSet>();
  let placed = CpuSet.EMPTY;
  for (const cell of topology.cells) {
    if (cellOf.has(cell.id)) throw contradiction(title, `cell ${cell.id} stands twice in "cells"`);
    const cpus = parseCpuList(cell.cpus);
    if (cpus.intersects(placed)) {
      const both = cpus.intersect(placed);
      const other = [...cellOf].find(([, set]) => set.intersects(both))![0];
      throw contradiction(title, `the CPUs ${shown(both)} are in the cells ${other} and ${cell.id}`);
    }
    const offline = cpus.minus(online);
    if (!offline.isEmpty)
      throw contradiction(title, `cell ${cell.id} has the CPUs ${shown(offline)}, which are not in "online"`);
    checkCores(cell, cpus, title);
    checkPages(cell, title);
    cellOf.set(cell.id, cpus);
    placed = placed.union(cpus);
  }
}

function* listsOf({ cpus, kinds, cells, looseCores }: HostTopology): Generator<string> {
  yield* [cpus.present, cpus.online, cpus.isolated ?? '', cpus.withoutCell];
  yield* [kinds?.performance ?? '', kinds?.efficiency ?? ''];
  yield* looseCores;
  for (const cell of cells) {
    yield cell.cpus;
    yield* cell.cores;
    yield* cell.caches;
  }
}

function checkCores(cell: Cell, cpus: CpuSet, title: string): void {
  const seen = new Uint32Array(cpus.words.length);
  for (const core of cell.cores) {
    const threads = parseCpuList(core);
    if (!threads.isSubsetOf(cpus))
      throw contradiction(
        title,
        `the core "${clip(core)}" of cell ${cell.id} has the CPUs ${shown(threads.minus(cpus))}, which are not in the cell`,
      );
    for (const [index, word] of threads.words.entries()) {
      if ((seen[index]! & word) !== 0)
        throw contradiction(
          title,
          `a CPU of the core "${clip(core)}" of cell ${cell.id} is on another core too`,
        );
      seen[index]! |= word;
    }
  }
}

function checkPages(cell: Cell, title: string): void {
  const sizes = new Set<number>();
  for (const { sizeKiB } of cell.pages) {
    if (sizes.has(sizeKiB))
      throw contradiction(title, `the page size ${sizeKiB} KiB stands twice in cell ${cell.id}`);
    sizes.add(sizeKiB);
  }
}

function shown(cpus: CpuSet): string {
  return clip(cpus.toString());
}

function contradiction(title: string, what: string) {
  return documentError(
    'topology-contradicts-itself',
    `In ${title}, ${what}: correct the document, or make it anew with "pinfold topology" or "pinfold capture".`,
  );
}
