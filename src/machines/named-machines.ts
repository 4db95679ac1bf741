import type { Device } from '../domain/host-topology.ts';
import type { Machine } from './machine.ts';

const GIB = 1024;

/** An Intel X710 port (PCI IDs 8086:1572, class network controller). */
function networkPort(address: string, cell: number | null): Device {
  return { address, cell, vendor: '8086', product: '1572', class: '020000' };
}

/** Machines that tests, benches and the demo speak of by name. */
export const NAMED_MACHINES = {
  /** One cell, two cores with two threads each. */
  'laptop-1c': {
    name: 'laptop-1c',
    sockets: 1,
    cellsPerSocket: 1,
    coresPerCell: 2,
    threadsPerCore: 2,
    siblings: 'adjacent',
    memoryMiBPerCell: 16 * GIB,
    usedMiBPerCell: 2 * GIB,
  },
  /** Two sockets of eight cores with SMT, siblings 16 apart, 2 MiB pages, one network card each. */
  'dual-socket-smt': {
    name: 'dual-socket-smt',
    sockets: 2,
    cellsPerSocket: 1,
    coresPerCell: 8,
    threadsPerCore: 2,
    memoryMiBPerCell: 64 * GIB,
    usedMiBPerCell: GIB,
    pools: [
      { sizeKiB: 2048, total: 8192 },
      { sizeKiB: 1048576, total: 4 },
    ],
    distances: { near: 10, far: 21 },
    devices: [networkPort('0000:3b:00.0', 0), networkPort('0000:af:00.0', 1)],
  },
  /** Two 32-core sockets in four cells each, two cache domains of four cores a cell: 128 CPUs. */
  'epyc-nps4': {
    name: 'epyc-nps4',
    sockets: 2,
    cellsPerSocket: 4,
    coresPerCell: 8,
    threadsPerCore: 2,
    coresPerCache: 4,
    memoryMiBPerCell: 64 * GIB,
    usedMiBPerCell: GIB,
    pools: [{ sizeKiB: 2048, total: 8192 }],
    distances: { near: 12, far: 32 },
    devices: [networkPort('0000:21:00.0', 1), networkPort('0000:a1:00.0', 5)],
  },
  /** Two 96-core sockets in four cells each, a cache domain every eight cores: 384 CPUs. */
  'epyc-384': {
    name: 'epyc-384',
    sockets: 2,
    cellsPerSocket: 4,
    coresPerCell: 24,
    threadsPerCore: 2,
    coresPerCache: 8,
    memoryMiBPerCell: 192 * GIB,
    usedMiBPerCell: 2 * GIB,
    pools: [{ sizeKiB: 2048, total: 16384 }],
    distances: { near: 12, far: 32 },
    devices: [networkPort('0000:21:00.0', 1), networkPort('0000:a1:00.0', 5)],
  },
  /** Six performance cores with SMT and eight efficiency cores. */
  'hybrid-desktop': {
    name: 'hybrid-desktop',
    sockets: 1,
    cellsPerSocket: 1,
    coresPerCell: 14,
    threadsPerCore: 2,
    siblings: 'adjacent',
    memoryMiBPerCell: 32 * GIB,
    usedMiBPerCell: 3 * GIB,
    oddities: { efficiencyCores: { perCell: 8, shownBy: 'pmu' } },
  },
  /** Two cells with CPUs and a third of memory alone, as a CXL expander shows it; the numbering has a gap. */
  'memory-only-cell': {
    name: 'memory-only-cell',
    sockets: 2,
    cellsPerSocket: 1,
    coresPerCell: 4,
    threadsPerCore: 2,
    memoryMiBPerCell: 32 * GIB,
    distances: { near: 14, far: 21 },
    oddities: { memoryOnly: [{ memoryMiB: 128 * GIB, socket: 1 }], cellIds: [0, 1, 4] },
  },
  /** Two cells of four cores; a whole core and one sibling of another are switched off. */
  'offline-cpus': {
    name: 'offline-cpus',
    sockets: 2,
    cellsPerSocket: 1,
    coresPerCell: 4,
    threadsPerCore: 2,
    memoryMiBPerCell: 32 * GIB,
    oddities: { offlineCpus: '3,11,13' },
  },
  /** A large and a small cell: 12 cores with 96 GiB beside 4 cores with 16 GiB. */
  'asymmetric-cells': {
    name: 'asymmetric-cells',
    sockets: 2,
    cellsPerSocket: 1,
    coresPerCell: 12,
    threadsPerCore: 2,
    memoryMiBPerCell: 96 * GIB,
    oddities: { cells: { 1: { cores: 4, memoryMiB: 16 * GIB, pools: [{ sizeKiB: 2048, total: 1024 }] } } },
  },
  /** One socket in two cells under a single last-level cache (sub-NUMA clustering), siblings 16 apart. */
  'snc-shared-cache': {
    name: 'snc-shared-cache',
    sockets: 1,
    cellsPerSocket: 2,
    coresPerCell: 8,
    threadsPerCore: 2,
    coresPerCache: 16,
    memoryMiBPerCell: 48 * GIB,
    distances: { near: 11, far: 21 },
  },
  /** Two Arm sockets of two cells, one thread a core, caches of four cores: 128 CPUs. */
  'arm-128': {
    name: 'arm-128',
    sockets: 2,
    cellsPerSocket: 2,
    coresPerCell: 32,
    coresPerCache: 4,
    memoryMiBPerCell: 128 * GIB,
    pools: [
      { sizeKiB: 64, total: 0 },
      { sizeKiB: 2048, total: 2048 },
    ],
    distances: { near: 16, far: 32 },
  },
} as const satisfies Readonly<Record<string, Machine>>;

/** The name of a machine in {@link NAMED_MACHINES}. */
export type MachineName = keyof typeof NAMED_MACHINES;

/** A named machine as a plain description, to spread and change in tests. */
export function namedMachine(name: MachineName): Machine {
  return NAMED_MACHINES[name];
}
