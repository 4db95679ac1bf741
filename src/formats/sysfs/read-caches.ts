import type { TextTree } from '../text-tree.ts';
import { CPU_FOLDER, type CpuLists } from './read-cpus.ts';
import { readGroups, type CpuGroup } from './read-groups.ts';
import { countOf, cpuListOf, cpuMaskOf, numbersOf } from './sysfs-text.ts';

/**
 * Level from which a cache joins cores. Levels 1 and 2 belong to a core or a pair on every machine seen, and a
 * core's own cache says nothing about which cores are near: a machine without level 3 has no domains.
 */
const SHARED_LEVEL = 3;

/**
 * The online CPUs under each last-level cache: one map a domain, plus the level of that cache. The map is
 * trusted before the list: both are the kernel's, but captures exist in which only the map is right.
 */
export function readCaches(tree: TextTree, cpus: CpuLists): readonly CpuGroup[] {
  let index: string | null = null;
  return readGroups(cpus, cpu => {
    const folder = `${CPU_FOLDER}/cpu${cpu}/cache`;
    const level = index === null ? null : countOf(tree.read(`${folder}/${index}/level`));
    if (level === null || level < SHARED_LEVEL) index = lastLevelOf(tree, folder);
    if (index === null) return null;
    return (
      cpuMaskOf(tree.read(`${folder}/${index}/shared_cpu_map`)) ??
      cpuListOf(tree.read(`${folder}/${index}/shared_cpu_list`))
    );
  });
}

/** The name of the index folder with the highest level, null when none is a shared level. */
function lastLevelOf(tree: TextTree, folder: string): string | null {
  const indexes = [...numbersOf(tree.list(folder), 'index')].slice(0, 16).map(index => `index${index}`);
  const levels = indexes.map(name => ({ name, level: countOf(tree.read(`${folder}/${name}/level`)) ?? 0 }));
  const last = levels.reduce((best, next) => (next.level > best.level ? next : best), { name: '', level: 0 });
  return last.level >= SHARED_LEVEL ? last.name : null;
}
