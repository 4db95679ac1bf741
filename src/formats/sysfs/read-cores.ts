import type { TextTree } from '../text-tree.ts';
import { CPU_FOLDER, type CpuLists } from './read-cpus.ts';
import { readGroups, type CpuGroup } from './read-groups.ts';
import { cpuMaskOf, listedNumbers } from './sysfs-text.ts';

/**
 * The online SMT threads of each physical core, one sibling list a core. `thread_siblings` is what every kernel
 * shows; since 5.1 it is also called `core_cpus`. A CPU whose siblings are not told is a core of its own.
 */
export function readCores(tree: TextTree, cpus: CpuLists): readonly CpuGroup[] {
  const cores = readGroups(cpus, cpu => {
    const folder = `${CPU_FOLDER}/cpu${cpu}/topology`;
    return (
      listedNumbers(tree.read(`${folder}/thread_siblings_list`)) ??
      cpuMaskOf(tree.read(`${folder}/thread_siblings`)) ??
      listedNumbers(tree.read(`${folder}/core_cpus_list`)) ??
      cpuMaskOf(tree.read(`${folder}/core_cpus`))
    );
  });
  const told = new Set(cores.flat());
  const lonely = [...cpus.online].filter(cpu => !told.has(cpu));
  return [...cores, ...lonely.map(cpu => [cpu])];
}
