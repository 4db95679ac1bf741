import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import type { Cell, HostTopology, PagePool } from '../../domain/host-topology.ts';
import type { CpuMark } from './cpu-marks.ts';
import type { CpuPlace } from './cpu-tips.ts';
import type { MapGuest } from './map-model.ts';
import type { CpuTip, PictureCell, PictureCore, PictureGauge, PictureSection } from './map-picture.ts';
import { signOf } from './map-signs.ts';
import { gib, pageText, sizeText } from './size-text.ts';
import { visibleName } from './visible-name.ts';

/** What the cells of one map are described with. */
export interface CellContext {
  readonly topology: HostTopology;
  readonly guests: readonly MapGuest[];
  readonly letters: ReadonlyMap<string, string>;
  /** Place of the guest with this name. */
  readonly indexOf: (name: string) => number;
  readonly markOf: (cpu: number) => CpuMark;
  readonly tipOf: (place: CpuPlace, mark: CpuMark) => CpuTip;
}

/** One cell with its cores by cache and kind, and its memory. */
export function describeCell(cell: Cell, context: CellContext): PictureCell {
  const within = [
    ...(cell.id < 0 ? [] : [`cell ${cell.id}`]),
    ...(cell.package === null ? [] : [`socket ${cell.package}`]),
  ];
  return {
    name: cell.id < 0 ? '' : `cell ${cell.id}`,
    title: cellTitle(cell),
    domains: domainsOf(cell).map(cores => ({
      sections: byKind(cores, context).map(({ kind, cores: some }) => ({
        kind,
        cores: some.map(core => describeCore(core, within, context)),
      })),
    })),
    gauges: gaugesOf(cell, context.guests),
  };
}

function cellTitle(cell: Cell): string {
  if (cell.id < 0) return 'CPUs that belong to no cell.';
  const others = Object.entries(cell.distances ?? {}).filter(([id]) => Number(id) !== cell.id);
  const far = others.map(([id, distance]) => `${distance} to cell ${id}`).join(', ');
  const what =
    cell.cpus === ''
      ? 'Memory without CPUs of its own.'
      : 'A NUMA cell: cores with the memory that is nearest to them.';
  return far === ''
    ? what
    : `${what} Distances as the firmware gives them (10 = its own memory, more is slower): ${far}.`;
}

/** The cell's cores by last-level cache; those under none, and all where the kernel tells of no caches, at the end. */
function domainsOf(cell: Cell): CpuSet[][] {
  const cores = cell.cores.map(parseCpuList);
  const caches = cell.caches.map(parseCpuList);
  const homes = cores.map(core => caches.findIndex(cache => cache.intersects(core)));
  return [...caches.keys(), -1]
    .map(home => cores.filter((_, index) => homes[index] === home))
    .filter(domain => domain.length > 0);
}

function byKind(
  cores: readonly CpuSet[],
  { topology }: CellContext,
): { readonly kind: PictureSection['kind']; readonly cores: readonly CpuSet[] }[] {
  if (topology.kinds === undefined) return [{ kind: null, cores }];
  const performance = parseCpuList(topology.kinds.performance);
  return [
    { kind: 'performance' as const, cores: cores.filter(core => core.intersects(performance)) },
    { kind: 'efficiency' as const, cores: cores.filter(core => !core.intersects(performance)) },
  ].filter(part => part.cores.length > 0);
}

function describeCore(core: CpuSet, within: readonly string[], context: CellContext): PictureCore {
  return {
    cpus: core.toArray().map(cpu => {
      const mark = context.markOf(cpu);
      const place = {
        cpu,
        within: [...(core.size > 1 ? [`core ${core.toString()}`] : []), ...within],
        siblings: core.toArray().filter(other => other !== cpu),
      };
      return {
        cpu,
        use: mark.use,
        guest: 'guest' in mark ? context.indexOf(mark.guest) : null,
        sign: signOf(mark, context.letters),
        tip: context.tipOf(place, mark),
      };
    }),
  };
}

/** The memory, and each pool of larger pages that has any. */
function gaugesOf(cell: Cell, guests: readonly MapGuest[]): PictureGauge[] {
  const [base, ...pools] = cell.pages;
  const held = (sizeKiB: number | null) => holders(cell.id, sizeKiB, guests);
  const used = (pool: PagePool) => inMiB(pool, held(pool.sizeKiB));
  const memory: PictureGauge[] =
    base === undefined
      ? cell.memoryMiB === null
        ? []
        : [gauge({ name: 'memory', totalMiB: cell.memoryMiB, usedMiB: null }, held(null))]
      : [gauge({ name: 'memory', ...used(base) }, held(base.sizeKiB))];
  return [
    ...memory,
    ...pools
      .filter(({ total }) => total > 0)
      .map(pool => gauge({ name: pageText(pool.sizeKiB), ...used(pool) }, held(pool.sizeKiB))),
  ];
}

/** A pool in MiB. What guests hold counts as used, also where they have not touched it yet. */
function inMiB(
  { sizeKiB, total, free }: PagePool,
  held: readonly Holder[],
): Pick<PictureGauge, 'usedMiB' | 'totalMiB'> {
  const totalMiB = (total * sizeKiB) / 1024;
  if (free == null) return { totalMiB, usedMiB: null };
  const heldMiB = held.reduce((sum, { mib }) => sum + mib, 0);
  return { totalMiB, usedMiB: Math.min(totalMiB, Math.max(heldMiB, totalMiB - (free * sizeKiB) / 1024)) };
}

function gauge(size: Omit<PictureGauge, 'title'>, held: readonly Holder[]): PictureGauge {
  const what = size.name === 'memory' ? 'Memory in base pages' : `Pages of ${size.name}`;
  const amount =
    size.usedMiB === null
      ? `${gib(size.totalMiB)} GiB, of which nobody says how much is free`
      : `${gib(size.usedMiB)} of ${gib(size.totalMiB)} GiB are in use`;
  const names = held.map(({ name, mib }) => `${visibleName(name)} ${sizeText(mib)}`).join(', ');
  return { ...size, title: `${what}: ${amount}.${names === '' ? '' : ` ${names}.`}` };
}

interface Holder {
  readonly name: string;
  readonly mib: number;
}

/** Which guests have memory of this page size (null: of any) on this cell. */
function holders(cell: number, sizeKiB: number | null, guests: readonly MapGuest[]): Holder[] {
  return guests.flatMap(({ name, memory }) => {
    const mib = memory
      .filter(part => part.cell === cell && (sizeKiB === null || part.sizeKiB === sizeKiB))
      .reduce((sum, part) => sum + part.mib, 0);
    return mib > 0 ? [{ name, mib }] : [];
  });
}
