import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Machine, Pool } from './machine.ts';

/** A machine with every CPU numbered and every cell resolved; all that a rendering needs. */
export interface MachineLayout {
  readonly present: CpuSet;
  readonly online: CpuSet;
  readonly isolated: CpuSet;
  readonly cores: readonly LaidCore[];
  readonly cells: readonly LaidCell[];
  /** Cache domains in the order of their first core, offline CPUs included; empty when none is shown. */
  readonly caches: readonly CpuSet[];
}

/** A physical core. `cpus` includes offline threads, in the order of the threads. */
export interface LaidCore {
  readonly cpus: readonly number[];
  readonly place: number;
  readonly socket: number;
  /** Number of the core within its socket. */
  readonly id: number;
  readonly efficient: boolean;
}

/** A cell; `cpus` includes offline ones. */
export interface LaidCell {
  readonly id: number;
  readonly place: number;
  readonly online: boolean;
  readonly cpus: CpuSet;
  readonly memoryMiB: number;
  readonly usedMiB: number;
  readonly pools: readonly Pool[];
  /** Distance to each cell by place, offline ones included. */
  readonly distances: readonly number[];
}

const DEFAULT_POOLS: readonly Pool[] = [{ sizeKiB: 2048, total: 0 }];

/** Numbers the CPUs and cells of a machine; throws a RangeError that names the impossible part. */
export function layOut(machine: Machine): MachineLayout {
  const cores = numberCpus(machine, coresOf(machine));
  const present = CpuSet.of(cores.flatMap(core => core.cpus));
  const offline = parseCpuList(machine.oddities?.offlineCpus ?? '');
  if (!offline.isSubsetOf(present))
    throw new RangeError(`${machine.name}: offline CPUs ${offline.toString()} do not exist`);
  const cells = cellsOf(machine, cores);
  if (machine.oddities?.noNodeFolder === true && cells.length !== 1)
    throw new RangeError(`${machine.name}: only a machine of one cell can lack the node folder`);
  for (const cell of cells) {
    const hugeMiB = cell.pools.reduce((sum, pool) => sum + pool.sizeKiB * pool.total, 0) / 1024;
    if (hugeMiB + cell.usedMiB > cell.memoryMiB)
      throw new RangeError(
        `${machine.name}: cell ${cell.id} has ${cell.memoryMiB} MiB, its page pools and the host take more`,
      );
  }
  return {
    present,
    online: present.minus(offline),
    isolated: parseCpuList(machine.isolated ?? ''),
    cores,
    cells,
    caches: cachesOf(machine, cores),
  };
}

function coresOf(machine: Machine): LaidCore[] {
  const cores: LaidCore[] = [];
  const efficientPerCell = machine.oddities?.efficiencyCores?.perCell ?? 0;
  for (let socket = 0; socket < machine.sockets; socket += 1) {
    let id = 0;
    for (let inSocket = 0; inSocket < machine.cellsPerSocket; inSocket += 1) {
      const place = socket * machine.cellsPerSocket + inSocket;
      const count = machine.oddities?.cells?.[place]?.cores ?? machine.coresPerCell;
      for (let core = 0; core < count; core += 1, id += 1) {
        cores.push({ cpus: [], place, socket, id, efficient: core >= count - efficientPerCell });
      }
    }
  }
  return cores;
}

/** 1. Deals the cores out in blocks or round the cells. 2. Numbers their threads core by core or level by level. */
function numberCpus(machine: Machine, cores: readonly LaidCore[]): LaidCore[] {
  const order = machine.numbering === 'interleaved' ? dealtRound(cores) : cores;
  const threadsOf = (core: LaidCore) => (core.efficient ? 1 : (machine.threadsPerCore ?? 1));
  const numbers = new Map<LaidCore, number[]>(order.map(core => [core, []]));
  let next = 0;
  if (machine.siblings === 'adjacent') {
    for (const core of order) {
      for (let thread = 0; thread < threadsOf(core); thread += 1) numbers.get(core)!.push(next++);
    }
  } else {
    for (let thread = 0; thread < (machine.threadsPerCore ?? 1); thread += 1) {
      for (const core of order) if (thread < threadsOf(core)) numbers.get(core)!.push(next++);
    }
  }
  return cores.map(core => ({ ...core, cpus: numbers.get(core)! }));
}

function dealtRound(cores: readonly LaidCore[]): LaidCore[] {
  const perPlace = new Map<number, LaidCore[]>();
  for (const core of cores) perPlace.set(core.place, [...(perPlace.get(core.place) ?? []), core]);
  const hands = [...perPlace.values()];
  const rounds = Math.max(0, ...hands.map(hand => hand.length));
  return Array.from({ length: rounds }, (_, round) =>
    hands.flatMap(hand => hand.slice(round, round + 1)),
  ).flat();
}

function cellsOf(machine: Machine, cores: readonly LaidCore[]): LaidCell[] {
  const memoryOnly = machine.oddities?.memoryOnly ?? [];
  const withCpus = machine.sockets * machine.cellsPerSocket;
  return Array.from({ length: withCpus + memoryOnly.length }, (_, place) => {
    const extra = memoryOnly[place - withCpus];
    const odd = machine.oddities?.cells?.[place];
    return {
      id: machine.oddities?.cellIds?.[place] ?? place,
      place,
      online: !(machine.oddities?.offlineCells ?? []).includes(place),
      cpus: CpuSet.of(cores.filter(core => core.place === place).flatMap(core => core.cpus)),
      memoryMiB: odd?.memoryMiB ?? extra?.memoryMiB ?? machine.memoryMiBPerCell,
      usedMiB: odd?.usedMiB ?? (extra === undefined ? (machine.usedMiBPerCell ?? 0) : 0),
      pools: odd?.pools ?? (extra === undefined ? (machine.pools ?? DEFAULT_POOLS) : DEFAULT_POOLS),
      distances: Array.from({ length: withCpus + memoryOnly.length }, (_, other) =>
        distance(machine, place, other),
      ),
    };
  });
}

/** As firmware's SLIT has it: 10 to itself; a step to memory without CPUs costs 7 more (CXL tables say 14 to 28). */
function distance(machine: Machine, from: number, to: number): number {
  const stated = machine.distances ?? { near: 12, far: 32 };
  if ('length' in stated) return stated[from]![to]!;
  if (from === to) return 10;
  const withCpus = machine.sockets * machine.cellsPerSocket;
  const socketOf = (place: number) =>
    place < withCpus
      ? Math.floor(place / machine.cellsPerSocket)
      : machine.oddities!.memoryOnly![place - withCpus]!.socket;
  return (
    (socketOf(from) === socketOf(to) ? stated.near : stated.far) +
    (from >= withCpus || to >= withCpus ? 7 : 0)
  );
}

function cachesOf(machine: Machine, cores: readonly LaidCore[]): CpuSet[] {
  if (machine.coresPerCache === 0) return [];
  const domains = new Map<string, number[]>();
  for (const core of cores) {
    const key =
      machine.coresPerCache === undefined
        ? `${core.place}`
        : `${core.socket}/${Math.floor(core.id / machine.coresPerCache)}`;
    domains.set(key, [...(domains.get(key) ?? []), ...core.cpus]);
  }
  return [...domains.values()].map(cpus => CpuSet.of(cpus));
}
