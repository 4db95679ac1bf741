import { CpuSet } from '../../domain/cpu-set.ts';
import type { PictureCell, PictureGauge } from '../../formats/map/map-picture.ts';
import { shortList } from '../../formats/map/short-list.ts';
import { gib } from '../../formats/map/size-text.ts';
import { wrapList } from '../../formats/map/wrap-columns.ts';
import { bar } from './bars.ts';

/** A cell that is drawn, and those behind it that are no different. */
export interface CellRun {
  readonly first: PictureCell;
  readonly alike: readonly PictureCell[];
}

const INDENT = '  ';
const CONTINUED = '          ';
/** The gauge of base pages. */
const MEMORY = 'memory';

/**
 * Neighbouring cells on which nothing runs and that are of one form, as one run each; every other cell is alone. Alike are
 * two cells when
 *
 * 1. all CPUs of both are free;
 * 2. both have as many caches, kinds of cores, cores and threads, in the same order;
 * 3. memory and page pools are of the same size, as much of each pool is in use, and the bar of the memory is as long.
 */
export function foldCells(cells: readonly PictureCell[]): readonly CellRun[] {
  const runs: { first: PictureCell; alike: PictureCell[] }[] = [];
  for (const cell of cells) {
    const run = runs.at(-1);
    const form = formOf(cell);
    if (run !== undefined && form !== null && form === formOf(run.first)) run.alike.push(cell);
    else runs.push({ first: cell, alike: [] });
  }
  return runs;
}

/** All that may not differ, as one text; null when something runs there or holds it. */
function formOf({ domains, gauges }: PictureCell): string | null {
  const cores = domains.flatMap(({ sections }) => sections.flatMap(section => section.cores));
  if (cores.some(({ cpus }) => cpus.some(({ use }) => use !== 'free'))) return null;
  return JSON.stringify([
    domains.map(({ sections }) =>
      sections.map(({ kind, cores: own }) => [kind, own.map(({ cpus }) => cpus.length)]),
    ),
    gauges.map(gauge => [gauge.name, gauge.totalMiB, useOf(gauge)]),
  ]);
}

/** Memory that the host itself has there differs by some MiB from cell to cell; pages of a pool are a guest's. */
function useOf({ name, usedMiB, totalMiB }: PictureGauge): string | number | null {
  return name === MEMORY && usedMiB !== null ? bar(usedMiB, totalMiB) : usedMiB;
}

/** `cells 6-7: as cell 5, 96 CPUs 144-191,336-383`, with the memory in use where that differs; at least one must be alike. */
export function foldedLines({ first, alike }: CellRun, width: number): string[] {
  const cpus = CpuSet.of(
    alike.flatMap(({ domains }) =>
      domains.flatMap(({ sections }) =>
        sections.flatMap(({ cores }) => cores.flatMap(core => core.cpus.map(({ cpu }) => cpu))),
      ),
    ),
  );
  const ids = alike.map(({ name }) => name.replace(/^cell /, ''));
  const parts = [
    `${alike.length > 1 ? 'cells' : 'cell'} ${shortList(CpuSet.of(ids.map(Number)))}: as ${first.name}`,
    ...(cpus.isEmpty ? [] : [`${cpus.size} CPUs ${shortList(cpus)}`]),
    ...memoryWords(first, alike),
  ];
  return wrapList(parts.join(', '), width - CONTINUED.length).map(
    (line, index) => `${index === 0 ? INDENT : CONTINUED}${line}`,
  );
}

function memoryWords(first: PictureCell, alike: readonly PictureCell[]): string[] {
  const used = [first, ...alike].flatMap(
    ({ gauges }) => gauges.find(({ name }) => name === MEMORY)?.usedMiB ?? [],
  );
  const shown = [...new Set([Math.min(...used), Math.max(...used)].map(gib))];
  return used.length === 0 || shown.length === 1 ? [] : [`memory ${shown.join('-')} GiB used`];
}
