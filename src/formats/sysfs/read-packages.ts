import type { TextTree } from '../text-tree.ts';
import { CPU_FOLDER, type CpuLists } from './read-cpus.ts';
import { readGroups } from './read-groups.ts';
import { countOf, cpuListOf, cpuMaskOf } from './sysfs-text.ts';

/**
 * The package number of each online CPU, as far as the kernel tells it (-1, as some Arm firmware says, is no
 * number): one member list and one number a package; a CPU whose list is missing answers for itself.
 */
export function readPackages(tree: TextTree, cpus: CpuLists): ReadonlyMap<number, number> {
  const packages = new Map<number, number>();
  const numberOf = (cpu: number) =>
    countOf(tree.read(`${CPU_FOLDER}/cpu${cpu}/topology/physical_package_id`));
  const groups = readGroups(cpus, cpu => {
    const folder = `${CPU_FOLDER}/cpu${cpu}/topology`;
    return (
      cpuListOf(tree.read(`${folder}/core_siblings_list`)) ??
      cpuMaskOf(tree.read(`${folder}/core_siblings`)) ??
      cpuListOf(tree.read(`${folder}/package_cpus_list`))
    );
  });
  for (const group of groups) {
    const number = numberOf(group[0]!);
    for (const cpu of group) if (number !== null) packages.set(cpu, number);
  }
  for (const cpu of cpus.online.intersect(cpus.described)) {
    const number = packages.has(cpu) ? null : numberOf(cpu);
    if (number !== null) packages.set(cpu, number);
  }
  return packages;
}
