import type { Claim } from '../domain/claim.ts';
import type { Host } from '../domain/host.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import { claimOf } from '../engine/claim-of.ts';
import { decide } from '../engine/decide.ts';
import { buildHostModel } from '../engine/host-model.ts';
import { readRequest } from '../engine/request/read-request.ts';
import { hostOf } from '../machines/host-of.ts';
import type { Machine } from '../machines/machine.ts';
import { namedMachine } from '../machines/named-machines.ts';

/** A guest by name, size and options; `mib` of memory, 1024 unless told. */
type Wish = readonly [name: string, vcpus: number, specs: Readonly<Record<string, string>>, mib?: number];

/** A machine with its operator's sets and the guests that come to it, in order. */
interface World {
  readonly machine: Machine;
  readonly policy: HostPolicy;
  readonly wishes: readonly Wish[];
}

const dedicated = { 'hw:cpu_policy': 'dedicated' };
const apart = { ...dedicated, 'hw:emulator_threads_policy': 'isolate' };
const wholeCores = { ...dedicated, 'hw:cpu_thread_policy': 'isolate' };
const twoCells = { ...dedicated, 'hw:numa_nodes': '2' };
const floating = { 'hw:cpu_policy': 'shared', 'hw:numa_nodes': '1' };
const inHugePages = { ...apart, 'hw:mem_page_size': '2MB' };

/** An ordinary desktop: one socket of eight cores with two threads each, all in one cell. */
const DESKTOP: Machine = {
  name: 'plain-desktop',
  sockets: 1,
  cellsPerSocket: 1,
  coresPerCell: 8,
  threadsPerCore: 2,
  siblings: 'adjacent',
  memoryMiBPerCell: 64 * 1024,
  usedMiBPerCell: 3 * 1024,
};

/** Two sockets of 256 cores in four cells each, a cache domain every eight cores: 1024 CPUs. */
const LARGE: Machine = {
  name: 'large-1024',
  sockets: 2,
  cellsPerSocket: 4,
  coresPerCell: 64,
  threadsPerCore: 2,
  coresPerCache: 8,
  memoryMiBPerCell: 384 * 1024,
  usedMiBPerCell: 2048,
  pools: [{ sizeKiB: 2048, total: 32768 }],
  distances: { near: 12, far: 32 },
};

const fewGuests: readonly Wish[] = [
  ['database', 4, apart],
  ['cache', 2, apart],
  ['robot', 2, wholeCores],
  ['web', 3, floating],
];

const manyGuests: readonly Wish[] = [
  ['database', 24, inHugePages, 16384],
  ['cache', 12, apart, 8192],
  ['router', 32, { ...twoCells, 'hw:mem_page_size': '2MB' }, 16384],
  ['robot', 6, wholeCores, 2048],
  ['analytics-of-the-finance-department', 40, dedicated, 32768],
  ['web-1', 8, floating, 4096],
  ['web-2', 8, floating, 4096],
];

/** The worlds that maps are drawn of in tests, by the name of their machine. */
export const MAP_WORLDS: Readonly<Record<string, World>> = {
  'epyc-nps4': {
    machine: namedMachine('epyc-nps4'),
    policy: {
      cpu_shared_set: '1-3,65-67',
      cpu_dedicated_set: '4-63,68-127',
      emulator_overcommit_ratio: 4,
      strategy: 'spread',
    },
    wishes: [
      ['database', 8, inHugePages, 8192],
      ['cache', 4, apart],
      ['router', 16, { ...twoCells, 'hw:mem_page_size': '2MB' }, 8192],
      ['robot', 3, wholeCores],
      ['web-1', 4, floating],
      ['web-2', 4, floating],
    ],
  },
  'hybrid-desktop': {
    machine: namedMachine('hybrid-desktop'),
    policy: { cpu_shared_set: '18-19', cpu_dedicated_set: '2-17' },
    wishes: [
      ['game', 4, { ...dedicated, 'pinfold:cpu_kind': 'performance' }, 4096],
      ['backup', 2, { ...dedicated, 'pinfold:cpu_kind': 'efficiency' }],
      ['web', 3, floating],
    ],
  },
  'memory-only-cell': {
    machine: namedMachine('memory-only-cell'),
    policy: { emulator_overcommit_ratio: 2 },
    wishes: fewGuests,
  },
  'offline-cpus': {
    machine: namedMachine('offline-cpus'),
    policy: {},
    wishes: [
      ['robot', 1, wholeCores],
      ['database', 4, apart],
      ['cache', 2, apart],
      ['web', 3, floating],
    ],
  },
  'plain-desktop': {
    machine: DESKTOP,
    policy: { cpu_shared_set: '2-3', cpu_dedicated_set: '4-15', emulator_overcommit_ratio: 2 },
    wishes: fewGuests,
  },
  'dual-socket-smt': {
    machine: namedMachine('dual-socket-smt'),
    policy: {
      cpu_shared_set: '8-9,24-25',
      cpu_dedicated_set: '1-7,17-23,10-15,26-31',
      emulator_overcommit_ratio: 4,
    },
    wishes: [...fewGuests, ['router', 8, { ...twoCells, 'hw:mem_page_size': '2MB' }, 4096]],
  },
  'epyc-384': {
    machine: namedMachine('epyc-384'),
    policy: {
      cpu_shared_set: '1-7,193-199',
      cpu_dedicated_set: '8-191,200-383',
      emulator_overcommit_ratio: 8,
      strategy: 'pack',
    },
    wishes: manyGuests,
  },
  'large-1024': {
    machine: LARGE,
    policy: {
      cpu_shared_set: '2-31,514-543',
      cpu_dedicated_set: '32-511,544-1023',
      emulator_overcommit_ratio: 8,
      strategy: 'pack',
    },
    wishes: manyGuests,
  },
};

/** The host document of a world once all its guests have come; throws when one does not fit. */
export function hostOfWorld({ machine, policy, wishes }: World): Host {
  const claims: Claim[] = [];
  for (const wish of wishes) claims.push(claimOfWish(hostOf(machine, policy, claims), wish));
  return hostOf(machine, policy, claims);
}

function claimOfWish(host: Host, [vm, vcpus, extraSpecs, memoryMiB = 1024]: Wish): Claim {
  const request: PlacementRequest = {
    kind: 'pinfold/request',
    version: 1,
    vm,
    vcpus,
    memoryMiB,
    carrier: 'libvirt',
    extraSpecs,
  };
  const model = buildHostModel(host);
  const [read, decision] = [readRequest(request), decide(model, request)];
  if (!read.ok || !decision.fits || decision.placement === null)
    throw new Error(`${vm} does not fit on ${host.topology.host}: ${JSON.stringify(decision)}`);
  return claimOf(model, { placement: decision.placement, spec: read.spec, source: 'observed' });
}
