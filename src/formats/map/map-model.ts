import type { CpuSet } from '../../domain/cpu-set.ts';
import type { HostPolicy } from '../../domain/host-policy.ts';
import type { HostTopology } from '../../domain/host-topology.ts';

/** What the map shows: the machine, the operator's sets, and the guests as their threads run now. */
export interface MapModel {
  readonly topology: HostTopology;
  readonly policy: HostPolicy;
  readonly guests: readonly MapGuest[];
  /** CPUs that a guest's claim keeps empty (siblings under thread policy `isolate`), by CPU. */
  readonly keptEmpty: ReadonlyMap<number, string>;
}

/** One guest, as the masks of its threads and its memory maps tell, or as its claim does. */
export interface MapGuest {
  readonly name: string;
  /** `threads`: seen on a live QEMU; `claim`: what a host document says that it holds; `lease`: it is being started. */
  readonly source: 'threads' | 'claim' | 'lease';
  /**
   * Whether vCPUs with several CPUs are known to share them with other guests. Else a list that has no more CPUs than
   * vCPUs counts as the guest's own.
   */
  readonly floats: boolean;
  /** The CPUs that each vCPU thread may use, in the order of the vCPUs; of a claim, one for each CPU that it holds. */
  readonly vcpus: readonly CpuSet[];
  /** The CPUs that each iothread may use. */
  readonly iothreads: readonly CpuSet[];
  /** Those that any emulator thread may use. */
  readonly emulator: CpuSet;
  /** Where its memory lies, by host cell and page size; empty when nobody may read that. */
  readonly memory: readonly { readonly cell: number; readonly sizeKiB: number; readonly mib: number }[];
}
