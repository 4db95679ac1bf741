import { CpuSet } from '../domain/cpu-set.ts';
import type { PlacedCell, Placement } from '../domain/decision.ts';
import { membersOf } from './bits.ts';
import { extraCpus, pickForCell } from './cell-fit.ts';
import { emulatorCpus, startCpus } from './emulator-cpus.ts';
import type { HostModel } from './host-model.ts';
import type { Placed } from './place.ts';
import { joinablePoolCpu, staticEmulatorCpu } from './place-emulator.ts';
import { choosePool, type Missing } from './place-memory.ts';
import { toldTopology } from './told-topology.ts';

/** Everything that a placement is written from. */
interface Writing {
  readonly pins: Record<string, string>;
  /** CPU of each vCPU, -1 where it floats. */
  readonly cpuOf: Int32Array;
  /** Floating set of each guest cell. */
  readonly floats: CpuSet[];
  readonly own: number[];
  isolated: number;
  iothreads: readonly number[];
}

/** Writes the decision's placement: picks the CPUs on the chosen host cells and names everything. */
export function toPlacement(model: HostModel, placed: Placed): Placement {
  const { guest, found } = placed;
  const spec = guest.spec;
  const writing: Writing = {
    pins: {},
    cpuOf: new Int32Array(spec.vcpus).fill(-1),
    floats: [],
    own: [],
    isolated:
      guest.spec.emulator === 'isolate' && !guest.emulatorCpu ? staticEmulatorCpu(model, found.hosts) : -1,
    iothreads: [],
  };
  const cells = found.hosts.map((_, row) => placeCell(model, placed, { row, writing }));
  const own = CpuSet.of(writing.own);
  const cpusOf = (vcpus: CpuSet | null) => cpusOfVcpus(placed, writing, vcpus);
  const emulator = emulatorCpus(model, { spec, hosts: found.hosts, own, isolated: writing.isolated, cpusOf });
  const start = startCpus(model, emulator, { hosts: found.hosts, all: cpusOf(null) });
  const text = emulator.toString();
  const share = spec.emulator === 'isolate' ? 1 / model.policy.emulatorRatio : 0;
  return {
    cells,
    pins: writing.pins,
    emulator: {
      policy: spec.emulator,
      cpus: text,
      atStart: start === emulator ? text : start.toString(),
      share,
    },
    iothreads: iothreadPins(model, placed, { writing, text }),
    realtime:
      spec.realtimeVcpus === null
        ? null
        : { vcpus: spec.realtimeVcpus.toString(), scheduler: 'fifo', priority: 1 },
    topology: toldTopology(model, spec, writing.cpuOf),
    memoryMode: found.hosts.length > 1 ? 'strict' : 'restrictive',
    nodeset: nodeset(model, found.hosts),
    devices: found.devices,
    cost: costOf(model, placed, share),
  };
}

function nodeset(model: HostModel, hosts: readonly number[]): string {
  if (hosts.length === 1) return `${model.cells[hosts[0]!]!.id}`;
  return CpuSet.of(hosts.map(host => model.cells[host]!.id)).toString();
}

function placeCell(
  model: HostModel,
  placed: Placed,
  at: { readonly row: number; readonly writing: Writing },
): PlacedCell {
  const { guest, found } = placed;
  const { row } = at;
  const cell = model.cells[found.hosts[row]!]!;
  const need = guest.cells[row]!;
  const missing: Missing = { constraint: 'memory', needed: 0, available: 0 };
  const pool = choosePool(model, cell, { guest, need, missing });
  pinCell(model, placed, at);
  const guestCell = guest.spec.cells[row]!;
  return {
    guestCell: guestCell.id,
    hostCell: cell.id,
    vcpus: guestCell.vcpus.toString(),
    memoryMiB: guestCell.memoryMiB,
    pageSizeKiB:
      pool >= 0
        ? cell.pools[pool]!.sizeKiB
        : typeof guest.spec.pageSize === 'number'
          ? guest.spec.pageSize
          : null,
  };
}

function pinCell(
  model: HostModel,
  { guest, found, carrier }: Placed,
  { row, writing }: { readonly row: number; readonly writing: Writing },
): void {
  const cell = model.cells[found.hosts[row]!]!;
  const need = guest.cells[row]!;
  const { scratch } = model;
  const extras = row === carrier ? extraCpus(model, cell, guest) : 0;
  scratch.length = 0;
  let floating = cell.floating;
  let floatingText = cell.floatingText;
  if (need.dedicated + extras > 0) {
    pickForCell(model, cell, { guest, need, extras, scratch });
    if (need.shared > 0) {
      floating = floating.minus(takenCpus(cell.cores, scratch.taken, guest.wish.threads === 'isolate'));
      floatingText = floating.toString();
    }
  }
  for (let i = 0; i < scratch.length; i += 1) writing.own.push(scratch.cpus[i]!);
  if (row === carrier) takeExtras(model, { guest, cell, extras, dedicated: need.dedicated, writing });
  const guestCell = guest.spec.cells[row]!;
  const all = guest.spec.cpuPolicy === 'dedicated';
  let next = 0;
  for (const vcpu of membersOf(guestCell.vcpus)) {
    if (need.dedicated > 0 && (all || guestCell.dedicated.has(vcpu))) {
      const cpu = scratch.cpus[next]!;
      next += 1;
      writing.cpuOf[vcpu] = cpu;
      writing.pins[vcpu] = model.cpuNames[cpu]!;
    } else writing.pins[vcpu] = floatingText;
  }
  writing.floats.push(need.shared > 0 ? floating : CpuSet.EMPTY);
}

function takenCpus(cores: HostModel['cells'][number]['cores'], taken: Int32Array, whole: boolean): CpuSet {
  const cpus: number[] = [];
  for (let core = 0; core < cores.count; core += 1) {
    if (taken[core] === 0) continue;
    if (whole) cpus.push(...cores.members[core]!);
    else for (let i = 0; i < taken[core]!; i += 1) cpus.push(cores.threads[cores.start[core]! + i]!);
  }
  return CpuSet.of(cpus);
}

function takeExtras(
  model: HostModel,
  at: {
    readonly guest: Placed['guest'];
    readonly cell: HostModel['cells'][number];
    readonly extras: number;
    readonly dedicated: number;
    readonly writing: Writing;
  },
): void {
  const { guest, cell, extras, dedicated, writing } = at;
  const own = guest.emulatorCpu && extras > guest.iothreadCpus ? 1 : 0;
  if (guest.emulatorCpu)
    writing.isolated = own === 1 ? model.scratch.cpus[dedicated]! : joinablePoolCpu(model, cell, guest);
  writing.iothreads = Array.from(model.scratch.cpus.subarray(dedicated + own, dedicated + extras));
}

function cpusOfVcpus({ guest }: Placed, writing: Writing, vcpus: CpuSet | null): CpuSet {
  const pinned: number[] = [];
  let floating = CpuSet.EMPTY;
  for (let vcpu = 0; vcpu < writing.cpuOf.length; vcpu += 1) {
    if (writing.cpuOf[vcpu]! >= 0 && (vcpus === null || vcpus.has(vcpu))) pinned.push(writing.cpuOf[vcpu]!);
  }
  guest.spec.cells.forEach((cell, row) => {
    const floats = writing.floats[row]!;
    if (floats.isEmpty) return;
    const wanted = guest.spec.cpuPolicy === 'mixed' ? cell.vcpus.minus(cell.dedicated) : cell.vcpus;
    if (vcpus === null || wanted.intersects(vcpus)) floating = floating.union(floats);
  });
  return pinned.length === 0 ? floating : floating.union(CpuSet.of(pinned));
}

function iothreadPins(
  model: HostModel,
  { guest }: Placed,
  { writing, text }: { readonly writing: Writing; readonly text: string },
): Record<string, string> {
  const pins: Record<string, string> = {};
  for (let id = 1; id <= guest.spec.iothreads; id += 1) {
    const cpu = writing.iothreads[id - 1];
    pins[id] = cpu === undefined ? text : model.cpuNames[cpu]!;
  }
  return pins;
}

/** Dedicated vCPUs (and iothreads on CPUs of their own) count 1, shared ones 1/ratio, an isolated emulator 1/R. */
function costOf(model: HostModel, { guest }: Placed, share: number): Placement['cost'] {
  let dedicated = guest.iothreadCpus;
  let floating = 0;
  for (const cell of guest.cells) {
    dedicated += cell.dedicated;
    floating += cell.shared;
  }
  const shared = floating / model.policy.cpuRatio;
  return { dedicated, shared, emulator: share, total: dedicated + shared + share };
}
