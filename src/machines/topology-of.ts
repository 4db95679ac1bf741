import { CpuSet } from '../domain/cpu-set.ts';
import type { Cell, HostTopology, PagePool } from '../domain/host-topology.ts';
import { layOut, type LaidCell, type MachineLayout } from './machine-layout.ts';
import type { Machine } from './machine.ts';

/** The base page of every machine that is generated: 4 KiB, as x86 and most Arm kernels have it. */
export const BASE_PAGE_KIB = 4;

/** The topology that a reader of the machine's files must give, made without reading any. */
export function topologyOf(machine: Machine): HostTopology {
  const layout = layOut(machine);
  const flat = machine.oddities?.noNodeFolder === true;
  const cells = layout.cells.filter(cell => cell.online);
  const homeless = cells.reduce((rest, cell) => rest.minus(cell.cpus), layout.online);
  const efficient = layout.online.intersect(efficientCpus(layout));
  const performance = layout.online.minus(efficient);
  return {
    kind: 'pinfold/topology',
    version: 1,
    host: machine.name,
    cpus: {
      present: layout.present.toString(),
      online: layout.online.toString(),
      isolated: layout.isolated.toString(),
      withoutCell: homeless.toString(),
    },
    ...(efficient.isEmpty || performance.isEmpty
      ? {}
      : { kinds: { performance: performance.toString(), efficiency: efficient.toString() } }),
    cells: cells.map(cell => describeCell(cell, layout, flat)),
    looseCores: coresWithin(layout, homeless),
    devices: machine.devices ?? [],
  };
}

function describeCell(cell: LaidCell, layout: MachineLayout, flat: boolean): Cell {
  const cpus = cell.cpus.intersect(layout.online);
  const sockets = new Set(
    layout.cores.filter(core => core.cpus.some(cpu => cpus.has(cpu))).map(core => core.socket),
  );
  return {
    id: flat ? 0 : cell.id,
    package: sockets.size === 1 ? [...sockets][0]! : null,
    cpus: cpus.toString(),
    memoryMiB: cell.memoryMiB,
    pages: pagesOf(cell),
    distances: flat
      ? null
      : Object.fromEntries(layout.cells.map(other => [`${other.id}`, cell.distances[other.place]!])),
    cores: coresWithin(layout, cpus),
    caches: firstCpuFirst(
      layout.caches.filter(cache => cache.intersects(cpus)).map(cache => cache.intersect(layout.online)),
    ),
  };
}

/** Memory that huge pages do not hold is the base pool; what the host uses is not free. */
function pagesOf(cell: LaidCell): PagePool[] {
  const hugeKiB = cell.pools.reduce((sum, pool) => sum + pool.sizeKiB * pool.total, 0);
  const baseKiB = cell.memoryMiB * 1024 - hugeKiB;
  return [
    {
      sizeKiB: BASE_PAGE_KIB,
      total: baseKiB / BASE_PAGE_KIB,
      free: (baseKiB - cell.usedMiB * 1024) / BASE_PAGE_KIB,
      reserved: 0,
    },
    ...cell.pools.map(({ sizeKiB, total, free = total }) => ({ sizeKiB, total, free, reserved: 0 })),
  ];
}

function efficientCpus(layout: MachineLayout): CpuSet {
  return CpuSet.of(layout.cores.filter(core => core.efficient).flatMap(core => core.cpus));
}

function coresWithin(layout: MachineLayout, cpus: CpuSet): string[] {
  const parts = layout.cores.map(core => cpus.intersect(CpuSet.of(core.cpus)));
  return firstCpuFirst(parts.filter(part => !part.isEmpty));
}

function firstCpuFirst(sets: readonly CpuSet[]): string[] {
  return [...sets].sort((a, b) => a.first! - b.first!).map(String);
}
