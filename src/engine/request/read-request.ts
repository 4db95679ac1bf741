import { counted } from '../../domain/counted.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { RequestError } from '../../domain/decision.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { checkOptionNames } from './check-option-names.ts';
import { cpuPolicy, imageCpuPolicy } from './cpu-policy.ts';
import { dedicatedMask, dedicatedVcpus } from './dedicated-vcpus.ts';
import { emulatorPolicy, emulatorVcpus } from './emulator-policy.ts';
import { policyFromResources } from './explicit-resources.ts';
import { cellCount, cellLists, guestCells } from './guest-cells.ts';
import { chooseGuestTopology } from './guest-topology.ts';
import { guestTopologyWish, imageTopology } from './guest-topology-wish.ts';
import { threadPolicyFromTrait } from './hyperthreading-trait.ts';
import { lockedMemory } from './locked-memory.ts';
import { pageSize } from './page-size.ts';
import { imagePciPolicy, pciPolicy } from './pci-policy.ts';
import { imagePhysicalAddress, physicalAddress } from './physical-address.ts';
import { checkPinfoldWishes, pinfoldWishes, type PinfoldWishes } from './pinfold-options.ts';
import { realtimeVcpus } from './realtime-vcpus.ts';
import { RequestFault } from './request-fault.ts';
import { placedVcpus } from './reserve-hotplug.ts';
import type { RequestOptions } from './request-options.ts';
import { imageThreadPolicy, pinfoldThreads, threadPolicy, type ChosenThreadPolicy } from './thread-policy.ts';

const NONE: Readonly<Record<string, string>> = Object.freeze({});

/** A request with every option resolved, or its first error (codes: REQUEST_ERROR_CODES). */
export type ReadRequest =
  | { readonly ok: true; readonly spec: GuestSpec }
  | { readonly ok: false; readonly error: RequestError };

/**
 * Resolves a request's options. The first error wins, in Nova's order where Nova has one:
 *
 * 1. names of the options; 2. each image property for itself; 3. realtime; 4. guest topology;
 * 5. CPU policy, thread policy, dedicated mask, emulator threads, explicit resources, the trait, and whether
 *    they go together; 6. number of cells, page size, locked memory, cell lists; 7. our own options;
 * 8. physical address, PCI affinity.
 */
export function readRequest(request: PlacementRequest): ReadRequest {
  try {
    return { ok: true, spec: resolve(request) };
  } catch (error) {
    if (!(error instanceof RequestFault)) throw error;
    return { ok: false, error: { code: error.code, option: error.option, summary: error.message } };
  }
}

function resolve(request: PlacementRequest): GuestSpec {
  const { memoryMiB } = request;
  const extra = request.extraSpecs ?? NONE;
  const image = request.imageProperties ?? NONE;
  const notes: string[] = [];
  const seen = checkOptionNames(extra, 'extra', notes);
  const listsCells = checkOptionNames(image, 'image', notes).cells || seen.cells;
  const vcpus = placedVcpus(request, notes);
  const options: RequestOptions = { vcpus, memoryMiB, extra, image, listsCells, notes };
  if (request.imageProperties !== undefined) checkImage(options);

  const emulator = emulatorPolicy(options);
  const realtime = realtimeVcpus(options, emulator);
  const topology = topologyOf(options);
  const cpus = cpusOf(options, { emulator, realtime });
  const wishes = pinfoldWishes(options, seen.pinfold);
  const memory = cellsOf(options, cpus, wishes);
  checkPinfoldWishes(wishes, cpus.policy, memory.cells.length);
  const physical = physicalAddress(options);
  const devicePolicy = pciPolicy(options);
  const devices = request.devices ?? [];
  return {
    vm: request.vm,
    vcpus,
    memoryMiB,
    iothreads: request.iothreads ?? 0,
    carrier: request.carrier ?? 'libvirt',
    wantsPlacement:
      memory.asked || seen.pinfold || devices.some(device => (devicePolicy ?? device.policy) === 'required'),
    cpuPolicy: cpus.policy,
    threadPolicy: cpus.threads?.policy ?? null,
    cells: memory.cells,
    ...wishes,
    autoCells: memory.autoCells,
    pageSize: memory.pageSize,
    emulator,
    emulatorVcpus: cpus.emulatorVcpus,
    realtimeVcpus: realtime,
    lockedMemory: memory.locked,
    physicalAddress: physical,
    topology,
    devices,
    devicePolicy,
    notes,
  };
}

/** Typed image properties are refused before anything else is looked at, whatever the extra specs say. */
function checkImage(options: RequestOptions): void {
  imageCpuPolicy(options);
  imageThreadPolicy(options);
  imageTopology(options);
  imagePciPolicy(options);
  imagePhysicalAddress(options);
  if (options.listsCells) cellLists(options.image, 'hw_');
}

function topologyOf(options: RequestOptions): GuestSpec['topology'] {
  const wish = guestTopologyWish(options);
  const { sockets, cores, threads } = wish.maximum;
  if (sockets === null && cores === null && threads === null) return wish;
  if (chooseGuestTopology(options.vcpus, wish) !== null) return wish;
  const limits = Object.entries(wish.maximum).flatMap(([part, limit]: [string, number | null]) =>
    limit === null ? [] : { option: `hw:cpu_max_${part}`, limit },
  );
  throw new RequestFault(
    'topology-impossible',
    limits[0]!.option,
    `No sockets × cores × threads make ${counted(options.vcpus, 'vCPU')} within ${limits.map(({ option, limit }) => `${option}=${limit}`).join(', ')}: raise a limit or change the number of vCPUs.`,
  );
}

interface ResolvedCpus {
  readonly policy: GuestSpec['cpuPolicy'];
  readonly threads: ChosenThreadPolicy | null;
  readonly dedicated: CpuSet;
  readonly emulatorVcpus: CpuSet | null;
}

function cpusOf(
  options: RequestOptions,
  { emulator, realtime }: { readonly emulator: GuestSpec['emulator']; readonly realtime: CpuSet | null },
): ResolvedCpus {
  const stated = cpuPolicy(options);
  const statedThreads = threadPolicy(options);
  const mask = dedicatedMask(options);
  const policy = policyFromResources(options, stated, emulator === 'isolate');
  const threads = pinfoldThreads(options, threadPolicyFromTrait(options, statedThreads));
  if (policy !== 'dedicated' && policy !== 'mixed') checkUnpinned(policy, { threads, emulator, realtime });
  const dedicated = dedicatedVcpus(options, policy, { dedicated: mask, realtime });
  return { policy, threads, dedicated, emulatorVcpus: emulatorVcpus(options, emulator, realtime) };
}

/** What needs CPUs of its own and is asked of a guest that has none. */
function checkUnpinned(
  policy: 'shared' | null,
  asked: {
    readonly threads: ChosenThreadPolicy | null;
    readonly emulator: GuestSpec['emulator'];
    readonly realtime: CpuSet | null;
  },
): void {
  const but = `needs hw:cpu_policy=dedicated or mixed, but the CPU policy is ${policy ?? 'not set'}.`;
  if (asked.threads !== null)
    throw new RequestFault(
      'thread-policy-needs-dedicated',
      asked.threads.option,
      `${asked.threads.option} (${asked.threads.policy}) ${but}`,
    );
  if (asked.emulator === 'isolate' || asked.emulator === 'mask')
    throw new RequestFault(
      'emulator-policy-needs-dedicated',
      'hw:emulator_threads_policy',
      `hw:emulator_threads_policy=${asked.emulator} ${but}`,
    );
  if (asked.realtime !== null)
    throw new RequestFault('realtime-needs-dedicated', 'hw:cpu_realtime', `hw:cpu_realtime ${but}`);
}

interface ResolvedMemory {
  readonly asked: boolean;
  readonly cells: GuestSpec['cells'];
  readonly autoCells: boolean;
  readonly pageSize: GuestSpec['pageSize'];
  readonly locked: boolean;
}

function cellsOf(options: RequestOptions, cpus: ResolvedCpus, wishes: PinfoldWishes): ResolvedMemory {
  const count = cellCount(options);
  const wish = pageSize(options);
  const locked = lockedMemory(options);
  const pinned = cpus.policy === 'dedicated' || cpus.policy === 'mixed';
  const asked = count !== null || wish !== null || pinned;
  if (options.listsCells && !asked)
    options.notes.push(
      'The lists hw:numa_cpus.N and hw:numa_mem.N were ignored: they count only with hw:numa_nodes, a page size, or dedicated or mixed CPUs, as in Nova.',
    );
  const explicit = count !== null || options.listsCells;
  const cells = asked
    ? guestCells(options, count ?? 1, cpus.dedicated)
    : [
        {
          id: 0,
          vcpus: CpuSet.range(0, options.vcpus - 1),
          dedicated: CpuSet.EMPTY,
          memoryMiB: options.memoryMiB,
        },
      ];
  if (wishes.autoCells && explicit)
    options.notes.push('pinfold:auto_numa was not used: the guest cells are given.');
  return { asked, cells, autoCells: wishes.autoCells && !explicit, pageSize: wish, locked };
}
