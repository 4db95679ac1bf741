import type { CpuSet } from '../../domain/cpu-set.ts';
import type { Host } from '../../domain/host.ts';
import type { LedgerEntry, ProcessId } from '../../domain/ledger.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import type { MemoryOnCell } from '../../formats/proc/memory-residence.ts';
import type { Fighters } from '../../formats/proc/proc-facts.ts';
import type { QemuThread } from '../../formats/proc/qemu-threads.ts';
import type { ThreadCpuset } from '../../formats/proc/thread-cpuset.ts';

/** A thread and what holds it. */
export interface SeenThread extends QemuThread {
  /** Clock ticks after boot; null when it cannot be told. */
  readonly startTicks: number | null;
  readonly cpuset: ThreadCpuset | null;
}

/** A running guest as the kernel shows it. */
export interface SeenGuest {
  readonly vm: string;
  readonly process: ProcessId;
  readonly startTicks: number | null;
  /** Its pins change through libvirt, which anybody but libvirt must not do. */
  readonly ofLibvirt: boolean;
  readonly threads: readonly SeenThread[];
  /** Cells that it may take memory from; null when that cannot be told. */
  readonly allowedCells: CpuSet | null;
  readonly memory: readonly MemoryOnCell[];
}

/** All that drift is found from: read in one go, judged without asking again. */
export interface Observed {
  /** What is taken, live entries' and strangers' claims. */
  readonly host: Host;
  /** Live entries of the ledger, with placements that were found on the guests themselves. */
  readonly entries: readonly LedgerEntry[];
  /** Entries that hold nothing any more. */
  readonly dropped: readonly LedgerEntry[];
  /** The kernel's boot id now, and the one that the ledger was written under. */
  readonly boot: string;
  readonly ledgerBoot: string;
  readonly guests: readonly SeenGuest[];
  readonly fighters: Fighters;
  /** CPUs that were offline when reconcile ran before. */
  readonly offlineBefore: CpuSet;
  /** What reconcile let guests without pins run on, by process. */
  readonly confined: ReadonlyMap<ProcessId, string>;
  /** What guests that run without a placement ask for, by name. */
  readonly requests: ReadonlyMap<string, PlacementRequest>;
  /** Files of Pinfold's for guests that no longer run, by path. */
  readonly staleFiles: readonly { readonly vm: string; readonly path: string }[];
}
