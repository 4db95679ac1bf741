import { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../text-tree.ts';
import { readMemory, type Memory } from './read-memory.ts';
import { cpuListOf, cpuMaskOf, numbersOf } from './sysfs-text.ts';

const NODE_FOLDER = '/sys/devices/system/node';

/** A cell as its own folder describes it. */
export interface CellFacts extends Memory {
  readonly id: number;
  /** Online CPUs; no two cells share one. */
  readonly cpus: CpuSet;
  /** By cell number; null when the kernel does not say. */
  readonly distances: Readonly<Record<string, number>> | null;
}

/**
 * The cells that are online, in order of their numbers, which may have gaps. Without a list, every cell with a
 * folder is online. A node without any is one cell 0 with all CPUs and all memory.
 */
export function readCells(tree: TextTree, online: CpuSet): readonly CellFacts[] {
  const folders = numbersOf(tree.list(NODE_FOLDER), 'node');
  const listed = cpuListOf(tree.read(`${NODE_FOLDER}/online`)) ?? folders;
  const ids = listed.intersect(folders).isEmpty ? folders : listed.intersect(folders);
  if (ids.isEmpty) {
    const memory = readMemory(tree, { meminfo: '/proc/meminfo', hugepages: '/sys/kernel/mm/hugepages' });
    return [{ id: 0, cpus: online, distances: null, ...memory }];
  }
  const columns = columnsOf(tree, ids);
  let taken = CpuSet.EMPTY;
  return ids.toArray().map(id => {
    const folder = `${NODE_FOLDER}/node${id}`;
    const named =
      cpuListOf(tree.read(`${folder}/cpulist`)) ?? cpuMaskOf(tree.read(`${folder}/cpumap`)) ?? CpuSet.EMPTY;
    const cpus = named.intersect(online).minus(taken);
    taken = taken.union(cpus);
    return {
      id,
      cpus,
      distances: columns(tree.read(`${folder}/distance`)),
      ...readMemory(tree, { meminfo: `${folder}/meminfo`, hugepages: `${folder}/hugepages` }),
    };
  });
}

/**
 * Reads distance rows: as many columns as online cells belong to these, in order; as many as possible cells to
 * those. Any other row, or one with something else than numbers, says nothing.
 */
function columnsOf(
  tree: TextTree,
  ids: CpuSet,
): (row: string | null) => Readonly<Record<string, number>> | null {
  let possible: CpuSet | null = null;
  return row => {
    const body = row !== null && row.length < 65536 ? row.trim() : '';
    if (!/^\d{1,3}(?: +\d{1,3})*$/.test(body)) return null;
    const values = body.split(/ +/).map(Number);
    if (values.length !== ids.size) {
      possible ??= cpuListOf(tree.read(`${NODE_FOLDER}/possible`)) ?? CpuSet.EMPTY;
      if (values.length !== possible.size) return null;
    }
    const cells = values.length === ids.size ? ids : (possible ?? CpuSet.EMPTY);
    return Object.fromEntries(cells.toArray().map((id, column) => [`${id}`, values[column]!]));
  };
}
