import fc from 'fast-check';
import type { Claim } from '../domain/claim.ts';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Host } from '../domain/host.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import type { Cell } from '../domain/host-topology.ts';

/** Memory of every cell of a small world, MiB. */
const CELL_MIB = 256;

interface Shape {
  readonly cells: number;
  readonly cores: number;
  readonly threads: number;
  readonly caches: boolean;
  readonly packages: readonly (number | null)[];
  readonly isolated: boolean;
  readonly mode: 'none' | 'split' | 'pin' | 'emulatorPin';
  readonly ratio: number;
  readonly cpuRatio: number;
  readonly pack: boolean;
  /** Of each CPU: a number that decides whether it is taken. */
  readonly dice: readonly number[];
  readonly fill: number;
  readonly sharedVcpus: readonly number[];
  readonly usedMiB: readonly number[];
  readonly hugeUsed: readonly number[];
  readonly distances: readonly number[];
  readonly devices: readonly (number | null)[];
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  cells: fc.integer({ min: 1, max: 3 }),
  cores: fc.integer({ min: 1, max: 3 }),
  threads: fc.constantFrom(1, 2, 2, 2),
  caches: fc.boolean(),
  packages: fc.array(fc.constantFrom(0, 0, 1, null), { minLength: 3, maxLength: 3 }),
  isolated: fc.constantFrom(false, false, false, true),
  mode: fc.constantFrom('none', 'none', 'split', 'pin', 'emulatorPin'),
  ratio: fc.constantFrom(1, 1, 2, 3),
  cpuRatio: fc.constantFrom(1, 2, 4),
  pack: fc.boolean(),
  dice: fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 24, maxLength: 24 }),
  fill: fc.constantFrom(0, 20, 50, 70),
  sharedVcpus: fc.array(fc.constantFrom(0, 0, 0, 0, 1, 2), { minLength: 3, maxLength: 3 }),
  usedMiB: fc.array(fc.constantFrom(0, 0, 0, 64, 160), { minLength: 3, maxLength: 3 }),
  hugeUsed: fc.array(fc.constantFrom(0, 0, 16, 32), { minLength: 3, maxLength: 3 }),
  distances: fc.array(fc.constantFrom(12, 20, 32), { minLength: 9, maxLength: 9 }),
  devices: fc.array(fc.constantFrom(0, 1, 2, null), { maxLength: 3 }),
});

/** A small host: one to three cells of one to three cores, with any of our policies, partly taken. */
export const smallHosts: fc.Arbitrary<Host> = shapes.map(hostOfShape);

function hostOfShape(shape: Shape): Host {
  const perCell = shape.cores * shape.threads;
  const all = shape.cells * perCell;
  const cells = Array.from({ length: shape.cells }, (_, id) => cellOfShape(shape, id));
  const policy = policyOfShape(shape);
  const taken = shape.dice.slice(0, all).flatMap((dice, cpu) => (dice < shape.fill ? [cpu] : []));
  const forPins = policy.emulator_pin_set === undefined ? [] : [all - 1];
  const claims = cells.map(cell =>
    claimOfShape(
      shape,
      cell,
      taken.filter(cpu => !forPins.includes(cpu)),
    ),
  );
  return {
    kind: 'pinfold/host',
    version: 1,
    topology: {
      kind: 'pinfold/topology',
      version: 1,
      host: 'small',
      cpus: {
        present: `0-${all - 1}`,
        online: `0-${all - 1}`,
        isolated: shape.isolated ? CpuSet.range(all - Math.ceil(perCell / 2), all - 1).toString() : '',
        withoutCell: '',
      },
      cells,
      looseCores: [],
      devices: shape.devices.map((cell, i) => ({
        address: `0000:0${i}:00.0`,
        cell: cell === null || cell >= shape.cells ? null : cell,
        vendor: '8086',
        product: i === 2 ? '1572' : '10ed',
        class: '020000',
      })),
    },
    policy,
    claims,
  };
}

function cellOfShape(shape: Shape, id: number): Cell {
  const perCell = shape.cores * shape.threads;
  const first = id * perCell;
  const core = (i: number) =>
    CpuSet.of(Array.from({ length: shape.threads }, (_, thread) => first + i + thread * shape.cores));
  const cores = Array.from({ length: shape.cores }, (_, i) => core(i));
  const half = Math.ceil(shape.cores / 2);
  return {
    id,
    package: shape.packages[id]!,
    cpus: CpuSet.range(first, first + perCell - 1).toString(),
    memoryMiB: CELL_MIB,
    pages: [
      { sizeKiB: 4, total: (CELL_MIB - 64) * 256, reserved: 0 },
      { sizeKiB: 2048, total: 32, free: 32 - shape.hugeUsed[id]!, reserved: 0 },
    ],
    distances: Object.fromEntries(
      Array.from({ length: shape.cells }, (_, to) => [
        to,
        to === id ? 10 : shape.distances[Math.min(id, to) * 3 + Math.max(id, to)]!,
      ]),
    ),
    cores: cores.map(set => set.toString()),
    caches: shape.caches
      ? [CpuSet.union(cores.slice(0, half)).toString(), CpuSet.union(cores.slice(half)).toString()].filter(
          text => text !== '',
        )
      : [],
  };
}

function policyOfShape(shape: Shape): HostPolicy {
  const all = shape.cells * shape.cores * shape.threads;
  const even = CpuSet.of(
    Array.from({ length: all }, (_, cpu) => cpu).filter(cpu => shape.dice[cpu]! % 3 !== 0),
  );
  const rest = CpuSet.range(0, all - 1).minus(even);
  const sets: HostPolicy =
    shape.mode === 'split'
      ? { cpu_dedicated_set: even.toString(), cpu_shared_set: rest.toString() }
      : shape.mode === 'pin' && !even.isEmpty
        ? { vcpu_pin_set: even.toString() }
        : shape.mode === 'emulatorPin' && all > 1
          ? { emulator_pin_set: `${all - 1}` }
          : {};
  return {
    ...sets,
    emulator_overcommit_ratio: shape.ratio,
    cpu_allocation_ratio: shape.cpuRatio,
    strategy: shape.pack ? 'pack' : 'spread',
  };
}

/** What is taken on one cell; with a pool, the first taken CPU carries an emulator. */
function claimOfShape(shape: Shape, cell: Cell, taken: readonly number[]): Claim {
  const first = cell.id * shape.cores * shape.threads;
  const own = CpuSet.of(taken.filter(cpu => cpu >= first && cpu < first + shape.cores * shape.threads));
  const pool = own.first;
  const isolates = pool !== undefined && shape.dice[cell.id]! % 2 === 0;
  const usedMiB = shape.usedMiB[cell.id]!;
  const core = cell.cores.map(parseCpuList).find(members => pool !== undefined && members.has(pool));
  const burnt = (core ?? CpuSet.EMPTY).intersect(own).minus(CpuSet.of(isolates ? [pool] : []));
  const burns = isolates && shape.dice[cell.id]! % 4 === 0;
  return {
    vm: `held-${cell.id}`,
    source: 'observed',
    cells: [
      {
        hostCell: cell.id,
        pcpus: own.toString(),
        ...(burns ? { burnt: burnt.toString() } : {}),
        sharedVcpus: shape.sharedVcpus[cell.id]!,
        memoryMiB: usedMiB,
        pageSizeKiB: null,
        pages: usedMiB * 256,
      },
      {
        hostCell: cell.id,
        pcpus: '',
        sharedVcpus: 0,
        memoryMiB: 0,
        pageSizeKiB: 2048,
        pages: shape.hugeUsed[cell.id]!,
      },
    ],
    emulator: isolates ? { policy: 'isolate', cpus: `${pool}`, share: 1 / shape.ratio } : null,
    devices: [],
  };
}
