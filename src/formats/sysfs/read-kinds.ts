import { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../text-tree.ts';
import { CPU_FOLDER, type CpuLists } from './read-cpus.ts';
import type { CpuGroup } from './read-groups.ts';
import { countOf, cpuListOf } from './sysfs-text.ts';

/** The online CPUs of each kind; neither is empty. */
export interface Kinds {
  readonly performance: CpuSet;
  readonly efficiency: CpuSet;
}

/** Smaller steps are favoured cores of one kind: Intel's and AMD's differ by up to a tenth. */
const GAP = 0.2;

/**
 * The two kinds of a hybrid machine, null on any other.
 *
 * 1. Intel's kernels name them as two event sources, `cpu_core` and `cpu_atom` (`cpu_lowpower` beside it).
 * 2. Else every core is asked for `cpu_capacity` (Arm), else for ACPI's `highest_perf`; if any has no answer,
 *    there are no kinds. The widest step between neighbouring values, at least {@link GAP} of the higher one,
 *    divides them.
 */
export function readKinds(tree: TextTree, cpus: CpuLists, cores: readonly CpuGroup[]): Kinds | null {
  return kindsByName(tree, cpus) ?? kindsBySpeed(tree, cpus, cores);
}

function kindsByName(tree: TextTree, { online }: CpuLists): Kinds | null {
  const named = (source: string) =>
    (cpuListOf(tree.read(`/sys/devices/${source}/cpus`)) ?? CpuSet.EMPTY).intersect(online);
  const performance = named('cpu_core');
  if (performance.isEmpty) return null;
  const efficiency = named('cpu_atom').union(named('cpu_lowpower')).minus(performance);
  return efficiency.isEmpty ? null : { performance, efficiency };
}

function kindsBySpeed(tree: TextTree, cpus: CpuLists, cores: readonly CpuGroup[]): Kinds | null {
  const speeds = speedsFrom(tree, cores, 'cpu_capacity') ?? speedsFrom(tree, cores, 'acpi_cppc/highest_perf');
  const limit = speeds === null ? null : lowestPerformance(speeds);
  if (speeds === null || limit === null) return null;
  const performance = CpuSet.of(cores.flatMap((core, index) => (speeds[index]! >= limit ? core : [])));
  return { performance, efficiency: cpus.online.minus(performance) };
}

/** One value a core, in the cores' order; null as soon as one has none. */
function speedsFrom(tree: TextTree, cores: readonly CpuGroup[], file: string): number[] | null {
  const speeds: number[] = [];
  for (const core of cores) {
    const speed = countOf(tree.read(`${CPU_FOLDER}/cpu${core[0]!}/${file}`));
    if (speed === null) return null;
    speeds.push(speed);
  }
  return speeds;
}

/** The lowest speed above the widest step, null when no step is wide enough. */
function lowestPerformance(speeds: readonly number[]): number | null {
  const ladder = [...new Set(speeds)].sort((a, b) => a - b);
  let widest: { readonly gap: number; readonly above: number } | null = null;
  for (let rung = 1; rung < ladder.length; rung += 1) {
    const above = ladder[rung]!;
    const gap = (above - ladder[rung - 1]!) / above;
    if (gap >= GAP && (widest === null || gap > widest.gap)) widest = { gap, above };
  }
  return widest?.above ?? null;
}
