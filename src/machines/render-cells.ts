import { CpuSet } from '../domain/cpu-set.ts';
import { kernelMask, memoryLines } from './kernel-text.ts';
import type { LaidCell, MachineLayout } from './machine-layout.ts';
import type { Machine, Pool } from './machine.ts';

const NODE = '/sys/devices/system/node';

/** The node folder with a folder for every cell that is online, as a kernel with NUMA shows it. */
export function renderCells(machine: Machine, layout: MachineLayout): [string, string][] {
  if (machine.oddities?.noNodeFolder === true) return [];
  const cells = layout.cells.filter(cell => cell.online);
  const ids = (some: readonly LaidCell[]) => `${CpuSet.of(some.map(cell => cell.id)).toString()}\n`;
  return [
    [`${NODE}/online`, ids(cells)],
    [`${NODE}/possible`, ids(layout.cells)],
    [`${NODE}/has_cpu`, ids(cells.filter(cell => cell.cpus.intersects(layout.online)))],
    [`${NODE}/has_memory`, ids(cells.filter(cell => cell.memoryMiB > 0))],
    [`${NODE}/has_normal_memory`, ids(cells.filter(cell => cell.memoryMiB > 0))],
    ...cells.flatMap(cell => renderCell(machine, layout, cell)),
  ];
}

function renderCell(machine: Machine, layout: MachineLayout, cell: LaidCell): [string, string][] {
  const folder = `${NODE}/node${cell.id}`;
  const cpus = machine.oddities?.cellsListOffline === true ? cell.cpus : cell.cpus.intersect(layout.online);
  return [
    [`${folder}/cpulist`, `${cpus.toString()}\n`],
    [`${folder}/cpumap`, `${kernelMask(cpus)}\n`],
    [`${folder}/distance`, `${cell.distances.join(' ')}\n`],
    [`${folder}/meminfo`, memoryLines(memoryOf([cell]), `Node ${cell.id} `)],
    ...cell.pools.flatMap(pool => renderPool(`${folder}/hugepages`, pool, false)),
  ];
}

/** What only the whole node has: the page pools over all cells, and `/proc/meminfo`. */
export function renderMemory(layout: MachineLayout): [string, string][] {
  const sizes = new Map<number, Pool>();
  for (const pool of layout.cells.filter(cell => cell.online).flatMap(cell => cell.pools)) {
    const sum = sizes.get(pool.sizeKiB) ?? { sizeKiB: pool.sizeKiB, total: 0, free: 0 };
    sizes.set(pool.sizeKiB, {
      ...sum,
      total: sum.total + pool.total,
      free: sum.free! + (pool.free ?? pool.total),
    });
  }
  return [
    ['/proc/meminfo', memoryLines(memoryOf(layout.cells.filter(cell => cell.online)))],
    ...[...sizes.values()].flatMap(pool => renderPool('/sys/kernel/mm/hugepages', pool, true)),
  ];
}

function renderPool(folder: string, pool: Pool, global: boolean): [string, string][] {
  const pages = `${folder}/hugepages-${pool.sizeKiB}kB`;
  return [
    [`${pages}/nr_hugepages`, `${pool.total}\n`],
    [`${pages}/free_hugepages`, `${pool.free ?? pool.total}\n`],
    [`${pages}/surplus_hugepages`, '0\n'],
    ...(global
      ? ([
          [`${pages}/resv_hugepages`, '0\n'],
          [`${pages}/nr_hugepages_mempolicy`, `${pool.total}\n`],
          [`${pages}/nr_overcommit_hugepages`, '0\n'],
        ] satisfies [string, string][])
      : []),
  ];
}

/** Of what can be had, an eighth is page cache and a sixteenth reclaimable slab, so that a reader has to add up. */
function memoryOf(cells: readonly LaidCell[]): Record<string, number> {
  const sum = (kibOf: (cell: LaidCell) => number) => cells.reduce((total, cell) => total + kibOf(cell), 0);
  const totalKiB = sum(cell => cell.memoryMiB * 1024);
  const hugeKiB = sum(cell => cell.pools.reduce((kib, pool) => kib + pool.sizeKiB * pool.total, 0));
  const availableKiB = totalKiB - hugeKiB - sum(cell => cell.usedMiB * 1024);
  const fileKiB = Math.floor(availableKiB / 64) * 4;
  const freeKiB = availableKiB - 3 * fileKiB;
  return {
    MemTotal: totalKiB,
    MemFree: freeKiB,
    MemUsed: totalKiB - freeKiB,
    Active: fileKiB,
    Inactive: fileKiB,
    'Active(anon)': 0,
    'Inactive(anon)': 0,
    'Active(file)': fileKiB,
    'Inactive(file)': fileKiB,
    Slab: fileKiB,
    SReclaimable: fileKiB,
    SUnreclaim: 0,
  };
}
