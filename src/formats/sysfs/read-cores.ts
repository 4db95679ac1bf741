import { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../text-tree.ts';
import { CPU_FOLDER, type CpuLists } from './read-cpus.ts';
import { readGroups } from './read-groups.ts';
import { cpuListOf, cpuMaskOf } from './sysfs-text.ts';

/**
 * The online SMT threads of each physical core, one sibling list a core. `thread_siblings` is what every kernel
 * shows; since 5.1 it is also called `core_cpus`. A CPU whose siblings are not told is a core of its own.
 */
export function readCores(tree: TextTree, cpus: CpuLists): readonly CpuSet[] {
  const cores = readGroups(cpus, cpu => {
    const folder = `${CPU_FOLDER}/cpu${cpu}/topology`;
    return (
      cpuListOf(tree.read(`${folder}/thread_siblings_list`)) ??
      cpuMaskOf(tree.read(`${folder}/thread_siblings`)) ??
      cpuListOf(tree.read(`${folder}/core_cpus_list`)) ??
      cpuMaskOf(tree.read(`${folder}/core_cpus`))
    );
  });
  const lonely = cpus.online.minus(unionOf(cores));
  return [...cores, ...[...lonely].map(cpu => CpuSet.of([cpu]))];
}

/** One pass over all CPUs; a chain of unions would copy the set once a core. */
function unionOf(cores: readonly CpuSet[]): CpuSet {
  return CpuSet.of(cores.flatMap(core => [...core]));
}
