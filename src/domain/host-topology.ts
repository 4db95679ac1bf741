/** A set of CPUs as documents carry it: kernel list syntax (`0-3,8`), `""` = none. */
export type CpuList = string;

/** One node as its kernel describes it: `pinfold topology` prints it, every decision starts from it. */
export interface HostTopology {
  readonly kind: 'pinfold/topology';
  readonly version: 1;
  readonly host: string;
  readonly cpus: {
    readonly present: CpuList;
    readonly online: CpuList;
    /** CPUs taken from the kernel's scheduler (`isolcpus`); null when the kernel does not say. */
    readonly isolated: CpuList | null;
    /** Online CPUs that belong to no online cell. */
    readonly withoutCell: CpuList;
  };
  /** Only where the machine has two kinds of CPUs. */
  readonly kinds?: { readonly performance: CpuList; readonly efficiency: CpuList };
  readonly cells: readonly Cell[];
  /** The cores of the CPUs in `withoutCell`. */
  readonly looseCores: readonly CpuList[];
  readonly devices: readonly Device[];
}

/** A NUMA node that is online. */
export interface Cell {
  readonly id: number;
  /** null when the cell spans packages or the kernel does not say. */
  readonly package: number | null;
  /** The cell's online CPUs; `""` for a memory-only cell. */
  readonly cpus: CpuList;
  readonly memoryMiB: number | null;
  /** The base page size first, then ascending; empty = unknown. */
  readonly pages: readonly PagePool[];
  /** SLIT distance to each cell by its id (10 = itself); null when the kernel does not say. */
  readonly distances: Readonly<Record<string, number>> | null;
  /** The online SMT threads of each physical core. */
  readonly cores: readonly CpuList[];
  /** Last-level cache domains, whole (online CPUs), that touch this cell. */
  readonly caches: readonly CpuList[];
}

/** Pages of one size on one cell. */
export interface PagePool {
  readonly sizeKiB: number;
  readonly total: number;
  /** What can be had now; null or absent = unknown. */
  readonly free?: number | null;
  readonly reserved: number;
}

/** A PCI device and the cell that it is near to. */
export interface Device {
  readonly address: string;
  /** null when the kernel does not know (`numa_node` -1). */
  readonly cell: number | null;
  readonly vendor: string;
  readonly product: string;
  readonly class: string;
}
