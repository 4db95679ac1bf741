import type { CellModel } from './cell-model.ts';
import type { ThreadPolicy } from '../domain/guest-spec.ts';

/** What is to be picked on one host cell. */
export interface PickWish {
  readonly threads: ThreadPolicy;
  /** 0 any, 1 performance, 2 efficiency; a machine with one kind satisfies each. */
  readonly kind: number;
  /** All vCPUs in one last-level cache domain. */
  readonly oneCache: boolean;
  readonly pack: boolean;
  /** The first extra CPU is for an emulator pool: it goes where pool CPUs are already. */
  readonly stackPool: boolean;
}

/** Arrays that picks write to, made once for a host: every pick overwrites them. */
export interface PickScratch {
  /** The picked CPUs: one for each dedicated vCPU in order, then the extra ones. */
  readonly cpus: Int32Array;
  length: number;
  /** CPUs that will follow for emulator and iothreads. */
  extras: number;
  /** Threads that the pick uses or burns, by core. */
  readonly taken: Int32Array;
  readonly capacity: Int32Array;
  /** Threads of a group that break no whole core. */
  readonly partial: Int32Array;
  /** 1 where a group has a half-used core for an odd last vCPU under `require`. */
  readonly halves: Uint8Array;
  readonly used: Uint8Array;
  /** Cache domains (by CPU kind) that the vCPUs lie in. */
  domains: number;
}

/** Scratch arrays large enough for every cell of the host. */
export function pickScratch(cells: readonly CellModel[]): PickScratch {
  const most = (value: (cell: CellModel) => number) => Math.max(1, ...cells.map(value));
  const cores = most(cell => cell.cores.count);
  const groups = most(cell => Math.max(cell.cores.groupCount, cell.cores.domainCount));
  return {
    cpus: new Int32Array(most(cell => cell.cpus.size) + 1),
    length: 0,
    extras: 0,
    taken: new Int32Array(cores),
    capacity: new Int32Array(groups),
    partial: new Int32Array(groups),
    halves: new Uint8Array(groups),
    used: new Uint8Array(groups),
    domains: 0,
  };
}
