import type { CpuList, Device } from '../domain/host-topology.ts';

/**
 * A node in a few lines, for tests, benches and the demo: {@link renderMachine} makes the kernel's files of it,
 * {@link topologyOf} the topology that a reader of those files must give.
 *
 * Cells are counted by *place*: 0 to sockets × cellsPerSocket − 1, socket by socket, then the memory-only ones.
 * A place is also the cell's number unless `cellIds` says otherwise.
 */
export interface Machine {
  /** Also the host name. */
  readonly name: string;
  readonly sockets: number;
  readonly cellsPerSocket: number;
  readonly coresPerCell: number;
  /** Default 1. */
  readonly threadsPerCore?: number;
  /**
   * How SMT siblings are numbered. `split` (default): the first thread of every core, then the second of every
   * core (0,32); `adjacent`: the threads of a core follow each other (0-1).
   */
  readonly siblings?: 'split' | 'adjacent';
  /** `blocks` (default): a cell's cores are neighbours; `interleaved`: dealt out round the cells (even and odd). */
  readonly numbering?: 'blocks' | 'interleaved';
  /**
   * Cores that share a last-level cache, counted through a socket; the default is a cell's worth, more than that
   * makes a domain that spans cells. 0: the machine shows no cache.
   */
  readonly coresPerCache?: number;
  readonly memoryMiBPerCell: number;
  /** Of each cell's memory: what the host itself holds and cannot give away; default 0. */
  readonly usedMiBPerCell?: number;
  /** Page pools of every cell above the base size, ascending; default: an empty 2 MiB pool. */
  readonly pools?: readonly Pool[];
  /** Distance between cells of one socket and of two, or the whole matrix by place; defaults 12 and 32. */
  readonly distances?: { readonly near: number; readonly far: number } | readonly (readonly number[])[];
  /** With `cell` as the number of a cell, or null. */
  readonly devices?: readonly Device[];
  /** CPUs taken from the kernel's scheduler; default none. */
  readonly isolated?: CpuList;
  readonly oddities?: Oddities;
}

/** Huge pages of one size on a cell; `free` defaults to all. */
export interface Pool {
  readonly sizeKiB: number;
  readonly total: number;
  readonly free?: number;
}

/** What real machines have besides a regular shape. */
export interface Oddities {
  /** Cells, by place, that differ from the rest. */
  readonly cells?: Readonly<Record<number, OddCell>>;
  /** Cells without CPUs (CXL, HBM, persistent memory), placed after the others. */
  readonly memoryOnly?: readonly { readonly memoryMiB: number; readonly socket: number }[];
  /** Cell number by place, ascending, for machines whose numbering has gaps. */
  readonly cellIds?: readonly number[];
  /** CPUs that are present and switched off. */
  readonly offlineCpus?: CpuList;
  /** Older kernels name a cell's offline CPUs in its cpulist too. */
  readonly cellsListOffline?: boolean;
  /** Places of cells that are switched off while their CPUs run. */
  readonly offlineCells?: readonly number[];
  /** The last cores of each cell that are efficiency cores (always one thread), and where the kernel says so. */
  readonly efficiencyCores?: { readonly perCell: number; readonly shownBy: 'pmu' | 'capacity' | 'cppc' };
  /** A kernel without NUMA: no node folder at all; only for machines of one cell. */
  readonly noNodeFolder?: boolean;
}

/** How one cell differs; what is absent is as in the others. */
export interface OddCell {
  readonly cores?: number;
  readonly memoryMiB?: number;
  readonly usedMiB?: number;
  readonly pools?: readonly Pool[];
}
