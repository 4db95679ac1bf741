import type { GuestCell, GuestSpec } from '../domain/guest-spec.ts';
import { overlapSize, sizeOf } from './bits.ts';
import type { HostModel } from './host-model.ts';
import type { PickWish } from './pick-scratch.ts';

/** What one guest cell needs of the host cell that it lies on. */
export interface CellNeed {
  readonly dedicated: number;
  readonly shared: number;
  readonly memoryMiB: number;
  /** Memory of QEMU itself, in base pages beside the guest's own. */
  readonly overheadMiB: number;
}

/** What a guest needs, counted. */
export interface GuestNeed {
  readonly spec: GuestSpec;
  readonly cells: readonly CellNeed[];
  /** For each cell the first cell with the same need: their rows of the search are equal. */
  readonly sameAs: readonly number[];
  readonly wish: PickWish;
  /** CPUs apart from the vCPUs that the carrier cell provides, the emulator's aside. */
  readonly iothreadCpus: number;
  /** The emulator threads get a CPU among the dedicated ones, new or of the pool. */
  readonly emulatorCpu: boolean;
  /** Checked against RAM and CPU ratios. */
  readonly ratios: boolean;
}

/** Counts what a guest needs on a host with this policy. */
export function guestNeed(model: HostModel, spec: GuestSpec): GuestNeed {
  const cells = spec.cells.map((cell, index) =>
    cellNeed(spec, cell, index === 0 ? model.policy.overheadMiB : 0),
  );
  const emulatorCpu = spec.emulator === 'isolate' && model.emulatorPins.length === 0;
  return {
    spec,
    cells,
    sameAs: cells.map((need, index) => firstLike(cells, need, index)),
    wish: {
      threads: spec.threadPolicy ?? 'prefer',
      kind: spec.cpuKind === 'any' ? 0 : spec.cpuKind === 'performance' ? 1 : 2,
      oneCache: spec.cache === 'require',
      pack: model.policy.pack,
      stackPool: emulatorCpu && model.policy.emulatorRatio > 1,
    },
    iothreadCpus: spec.iothreadPolicy === 'isolate' ? spec.iothreads : 0,
    emulatorCpu,
    ratios: spec.cpuPolicy !== 'dedicated',
  };
}

function cellNeed(spec: GuestSpec, cell: GuestCell, overheadMiB: number): CellNeed {
  const all = sizeOf(cell.vcpus);
  const dedicated =
    spec.cpuPolicy === 'dedicated'
      ? all
      : spec.cpuPolicy === 'mixed'
        ? overlapSize(cell.dedicated, cell.vcpus)
        : 0;
  return { dedicated, shared: all - dedicated, memoryMiB: cell.memoryMiB, overheadMiB };
}

function firstLike(cells: readonly CellNeed[], need: CellNeed, index: number): number {
  for (let i = 0; i < index; i += 1) {
    const other = cells[i]!;
    if (
      other.dedicated === need.dedicated &&
      other.shared === need.shared &&
      other.memoryMiB === need.memoryMiB &&
      other.overheadMiB === need.overheadMiB
    )
      return i;
  }
  return index;
}
