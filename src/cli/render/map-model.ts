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

/** One live QEMU, as its threads' masks and its memory maps tell. */
export interface MapGuest {
  readonly name: string;
  /** The CPUs that each vCPU thread may use, in the order of the vCPUs. */
  readonly vcpus: readonly CpuSet[];
  /** Those that any emulator thread may use. */
  readonly emulator: CpuSet;
  /** Where its memory lies, by host cell and page size; empty when nobody may read that. */
  readonly memory: readonly { readonly cell: number; readonly sizeKiB: number; readonly mib: number }[];
}
