import type { Claim, ClaimCell } from '../domain/claim.ts';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Placement } from '../domain/decision.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { CellModel } from './cell-model.ts';
import type { HostModel } from './host-model.ts';

/** Whose claim it is, and how long it holds. */
export interface ClaimInput {
  readonly placement: Placement;
  readonly spec: GuestSpec;
  readonly source: Claim['source'];
  readonly owner?: string;
  readonly expires?: number;
}

/**
 * Everything that a placement takes from its host: the vCPUs' CPUs and, under thread policy isolate, the whole
 * cores (its new emulator CPU's core as well), emulator and iothread CPUs of its own, floating vCPUs, memory,
 * pages and devices. A host document with this claim decides as if the guest ran there.
 */
export function claimOf(model: HostModel, input: ClaimInput): Claim {
  const { placement, spec, source } = input;
  const run = runningCpus(input);
  const taken = spec.threadPolicy === 'isolate' ? run.union(siblingsOf(model, run)) : run;
  const hosts = new Set(placement.cells.map(cell => cell.hostCell));
  const elsewhere = model.cells.filter(cell => !hosts.has(cell.id) && cell.cpus.intersects(taken));
  return {
    vm: spec.vm,
    source,
    ...(input.owner === undefined ? {} : { owner: input.owner }),
    ...(input.expires === undefined ? {} : { expires: input.expires }),
    cells: [
      ...placement.cells.flatMap(cell => claimCells(model, input, { placed: cell, taken, run })),
      ...elsewhere.map(cell => ({
        hostCell: cell.id,
        ...heldCpus(cell, taken, run),
        sharedVcpus: 0,
        memoryMiB: 0,
        pageSizeKiB: null,
        pages: 0,
      })),
    ],
    emulator: {
      policy: placement.emulator.policy,
      cpus: placement.emulator.cpus,
      share: placement.emulator.share,
    },
    devices: [...placement.devices],
  };
}

/** CPUs that threads of the guest have for themselves, and its isolated emulator's. */
function runningCpus({ placement, spec }: ClaimInput): CpuSet {
  const dedicated = CpuSet.union(spec.cells.map(cell => cell.dedicated));
  const pinned = Object.entries(placement.pins)
    .filter(([vcpu]) => spec.cpuPolicy === 'dedicated' || dedicated.has(Number(vcpu)))
    .map(([, text]) => parseCpuList(text));
  const emulator =
    placement.emulator.policy === 'isolate' ? parseCpuList(placement.emulator.cpus) : CpuSet.EMPTY;
  const iothreads =
    spec.iothreadPolicy === 'isolate' ? Object.values(placement.iothreads).map(parseCpuList) : [];
  return CpuSet.union([...pinned, ...iothreads, emulator]);
}

/** The cores of these CPUs, but those that stand in emulator_pin_set, which never burn a core. */
function siblingsOf(model: HostModel, cpus: CpuSet): CpuSet {
  const guest = cpus.minus(model.policy.emulatorPin);
  const cores = model.cells
    .flatMap(cell => cell.cores.members)
    .filter(core => core.some(cpu => guest.has(cpu)));
  return CpuSet.of(cores.flat());
}

function heldCpus(cell: CellModel, taken: CpuSet, run: CpuSet): Pick<ClaimCell, 'pcpus' | 'burnt'> {
  const held = cell.cpus.intersect(taken);
  const burnt = held.minus(run);
  return { pcpus: held.toString(), ...(burnt.isEmpty ? {} : { burnt: burnt.toString() }) };
}

function claimCells(
  model: HostModel,
  { placement, spec }: ClaimInput,
  at: { readonly placed: Placement['cells'][number]; readonly taken: CpuSet; readonly run: CpuSet },
): ClaimCell[] {
  const { placed, taken, run } = at;
  const cell = model.cells.find(candidate => candidate.id === placed.hostCell)!;
  const overhead = placed === placement.cells[0] ? model.policy.overheadMiB : 0;
  const pageKiB = placed.pageSizeKiB;
  const own: ClaimCell = {
    hostCell: cell.id,
    ...heldCpus(cell, taken, run),
    sharedVcpus: floatingVcpus(spec, parseCpuList(placed.vcpus)),
    memoryMiB: placed.memoryMiB + (pageKiB === null ? overhead : 0),
    pageSizeKiB: pageKiB,
    pages: pagesOf(cell, pageKiB, placed.memoryMiB + (pageKiB === null ? overhead : 0)),
  };
  if (overhead === 0 || pageKiB === null) return [own];
  return [
    own,
    {
      hostCell: cell.id,
      pcpus: '',
      sharedVcpus: 0,
      memoryMiB: overhead,
      pageSizeKiB: null,
      pages: pagesOf(cell, null, overhead),
    },
  ];
}

function floatingVcpus(spec: GuestSpec, vcpus: CpuSet): number {
  if (spec.cpuPolicy === 'dedicated') return 0;
  if (spec.cpuPolicy !== 'mixed') return vcpus.size;
  return vcpus.minus(CpuSet.union(spec.cells.map(cell => cell.dedicated))).size;
}

/** Base page size where the kernel gives no pools: 4 KiB, x86-64's. */
const USUAL_BASE_KIB = 4;

function pagesOf(cell: CellModel, pageKiB: number | null, memoryMiB: number): number {
  return Math.ceil((memoryMiB * 1024) / (pageKiB ?? cell.pools[0]?.sizeKiB ?? USUAL_BASE_KIB));
}
