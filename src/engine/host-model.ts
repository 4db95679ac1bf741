import { CpuSet } from '../domain/cpu-set.ts';
import type { Host } from '../domain/host.ts';
import type { Device } from '../domain/host-topology.ts';
import { buildCellModel, type CellModel } from './cell-model.ts';
import { claimUsage, type ClaimUsage, type PoolLoad } from './claim-usage.ts';
import { pickScratch, type PickScratch } from './pick-scratch.ts';
import { policySets, type PolicySets } from './policy-sets.ts';

/** A host prepared for decisions: every set a bit set, every sum made, cells in ascending order of their ids. */
export interface HostModel {
  readonly host: Host;
  readonly policy: PolicySets;
  readonly cells: readonly CellModel[];
  /** Distance from cell index i to j at `i * cells.length + j`; 10 to itself and 20 to others where unknown. */
  readonly distances: Int32Array;
  /** Whether all pairs of different cells are equally far, so that no choice of cells is nearer than another. */
  readonly evenDistances: boolean;
  readonly usage: ClaimUsage;
  /** Devices that no claim holds, in the order of their addresses. */
  readonly freeDevices: readonly FreeDevice[];
  /** `emulator_pin_set`, ascending, with what each CPU carries. */
  readonly emulatorPins: readonly EmulatorPin[];
  /** Base-size memory in MiB that can be had on all cells together beyond what is reserved for the host. */
  readonly spareMiB: number;
  /** Decimal text of each CPU number, so that printing a pin makes no new string. */
  readonly cpuNames: readonly string[];
  /** Core of each CPU, numbered through the host; -1 for CPUs of no cell. */
  readonly coreOf: Int32Array;
  /** Working space of picks; it holds nothing between two of them. */
  readonly scratch: PickScratch;
}

/** A device that no claim holds. */
export interface FreeDevice {
  readonly device: Device;
  /** Index of its cell, -1 when unknown. */
  readonly cell: number;
}

/** A CPU of `emulator_pin_set` and what it carries. */
export interface EmulatorPin {
  readonly cpu: number;
  /** Index of its cell, -1 when it belongs to none. */
  readonly cell: number;
  readonly load: PoolLoad;
}

/** Distance of a pair whose SLIT entry the kernel does not give: the customary "another node". */
const UNKNOWN_DISTANCE = 20;

/** Prepares a host (its documents already checked); the answer depends on no order within it. */
export function buildHostModel(host: Host): HostModel {
  const policy = policySets(host);
  const usage = claimUsage(host.claims);
  const topologyCells = [...host.topology.cells].sort((a, b) => a.id - b.id);
  const cells = topologyCells.map((cell, index) => buildCellModel({ cell, index, host, policy, usage }));
  const distances = distancesOf(host, cells);
  return {
    host,
    policy,
    cells,
    distances,
    evenDistances: isEven(distances, cells.length),
    usage,
    freeDevices: freeDevices(host, cells, usage),
    emulatorPins: emulatorPins(policy, cells, usage),
    spareMiB: spareMiB(policy, cells),
    cpuNames: Array.from({ length: policy.online.highest + 1 }, (_, cpu) => `${cpu}`),
    coreOf: coreNumbers(cells, policy.online.highest + 1),
    scratch: pickScratch(cells),
  };
}

/**
 * The same host with other claims: only the cells named in `touched`, by id, are made anew. `usage` are the sums of
 * all claims of `host`, whose topology and policy must be the model's.
 */
export function updateHostModel(
  model: HostModel,
  change: { readonly host: Host; readonly usage: ClaimUsage; readonly touched: ReadonlySet<number> },
): HostModel {
  const { host, usage, touched } = change;
  const { policy } = model;
  const topologyCells = new Map(host.topology.cells.map(cell => [cell.id, cell]));
  const cells = model.cells.map((old, index) => {
    const cell = topologyCells.get(old.id)!;
    return touched.has(old.id) ? buildCellModel({ cell, index, host, policy, usage }) : old;
  });
  return {
    ...model,
    host,
    cells,
    usage,
    freeDevices: freeDevices(host, cells, usage),
    emulatorPins: emulatorPins(policy, cells, usage),
    spareMiB: spareMiB(policy, cells),
  };
}

function emulatorPins(policy: PolicySets, cells: readonly CellModel[], usage: ClaimUsage): EmulatorPin[] {
  return policy.emulatorPin.toArray().map(cpu => ({
    cpu,
    cell: cells.findIndex(cell => cell.cpus.has(cpu)),
    load: usage.poolCpus.get(cpu) ?? { guests: 0, exclusive: false },
  }));
}

function spareMiB(policy: PolicySets, cells: readonly CellModel[]): number {
  return cells.reduce((sum, cell) => sum + cell.baseFreeMiB, 0) - policy.reservedMemoryMiB;
}

/** The CPUs of these cells, by index. */
export function cpusOfCells(model: HostModel, indexes: readonly number[]): CpuSet {
  return CpuSet.union(indexes.map(index => model.cells[index]!.cpus));
}

function coreNumbers(cells: readonly CellModel[], size: number): Int32Array {
  const numbers = new Int32Array(size).fill(-1);
  let next = 0;
  for (const { cores } of cells) {
    for (let i = 0; i < cores.count; i += 1, next += 1) {
      const core = cores.members[i]!;
      for (let at = 0; at < core.length; at += 1) numbers[core[at]!] = next;
    }
  }
  return numbers;
}

function distancesOf(host: Host, cells: readonly CellModel[]): Int32Array {
  const n = cells.length;
  const rows = new Map(host.topology.cells.map(cell => [cell.id, cell.distances]));
  const distances = new Int32Array(n * n);
  cells.forEach((from, i) => {
    cells.forEach((to, j) => {
      const known = rows.get(from.id)?.[`${to.id}`];
      distances[i * n + j] = known ?? (i === j ? 10 : UNKNOWN_DISTANCE);
    });
  });
  return distances;
}

function isEven(distances: Int32Array, n: number): boolean {
  let first = -1;
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) {
      if (i === j) continue;
      if (first < 0) first = distances[i * n + j]!;
      else if (distances[i * n + j] !== first) return false;
    }
  }
  return true;
}

function freeDevices(host: Host, cells: readonly CellModel[], usage: ClaimUsage): FreeDevice[] {
  return host.topology.devices
    .filter(device => !usage.devices.has(device.address))
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
    .map(device => ({ device, cell: cells.findIndex(cell => cell.id === device.cell) }));
}
