import type { Change } from './plan.ts';

/** What can differ between what was decided and what runs. */
export const DRIFT_CODES = [
  /** A vCPU's thread runs on other CPUs than decided, or apart from the siblings that its guest asked for. */
  'vcpu-astray',
  'emulator-astray',
  'iothread-astray',
  /** A vCPU that was plugged in and for which nothing is decided. */
  'vcpu-plugged-in',
  /** The threads are right, but their cpuset would let them go elsewhere. */
  'cpuset-astray',
  /** None of the decided CPUs of a thread is online. */
  'cpu-offline',
  /** Memory on other cells than decided. */
  'memory-astray',
  /** Floating vCPUs run over CPUs that are dedicated now, or not over all that are free for them. */
  'shared-set-stale',
  /** A guest that nobody pinned may run on dedicated CPUs of others. */
  'foreign-over-dedicated',
  /** Somebody pinned a guest onto dedicated CPUs of another one. */
  'pins-collide',
  /**
   * Others may run on dedicated CPUs, or are kept off CPUs that nobody holds (partitions and fences); others may run beside a guest
   * of whole cores.
   */
  'exclusivity-lost',
  /** A guest whose policy asks for a placement runs without one. */
  'guest-unplaced',
  /** A guest runs in another process than the one that the ledger knew. */
  'guest-restarted',
  /** A ledger entry that holds nothing any more. */
  'entry-stale',
  /** A file that Pinfold made for a guest that no longer runs. */
  'file-stale',
] as const;
export type DriftCode = (typeof DRIFT_CODES)[number];

/** Why it differs, where that can be told. */
export const DRIFT_CAUSES = [
  /** sched_setaffinity(2) by somebody, as taskset does. */
  'pinned-by-hand',
  'cpuset-widened',
  'cpuset-narrowed',
  /** The cpuset holds other CPUs, neither more nor fewer of the same. */
  'cpuset-changed',
  'cpu-offline',
  /** A decided CPU was offline when it was looked at before. */
  'cpu-back-online',
  'plugged-in',
  /** A thread that QEMU began later, with the mask of whoever made it. */
  'new-thread',
  'dedicated-came',
  'dedicated-left',
  'unpinned',
  'migrated-in',
  'restarted',
  /** It was let start without room for its placement. */
  'floated',
  'numa-balancing',
  'ksm',
  /** The cells that the process may take memory from were changed. */
  'memory-cells-changed',
  /** migratepages(8) or the like: neither policy nor cpuset explains where the pages are. */
  'moved-by-hand',
  'process-gone',
  'lease-expired',
  'other-boot',
  'unknown',
] as const;
export type DriftCause = (typeof DRIFT_CAUSES)[number];

/** One thing that is not as it was decided. */
export interface Drift {
  readonly code: DriftCode;
  readonly cause: DriftCause;
  readonly vm: string;
  /** `vCPU 3`, `emulator threads`, `iothread 1`, `memory`, `ledger entry`. */
  readonly subject: string;
  /** CPU list or cells, as the code has them. */
  readonly wanted: string;
  readonly actual: string;
}

/** What became of a drift: `planned` in a dry run, `none` = nothing can be done while the guest runs, or it must not be. */
export const REPAIR_OUTCOMES = ['planned', 'done', 'failed', 'none'] as const;

/** One drift as the report has it. */
export interface ReportedDrift extends Drift {
  /** What differs, why, and what was done or is to do, in one sentence. */
  readonly sentence: string;
  readonly repair: (typeof REPAIR_OUTCOMES)[number];
}

/** The answer of `pinfold reconcile`. */
export interface Reconciliation {
  readonly kind: 'pinfold/reconcile';
  readonly version: 1;
  readonly host: string;
  readonly dryRun: boolean;
  readonly drift: readonly ReportedDrift[];
  /** Made, or in a dry run to be made, in this order. */
  readonly changes: readonly Change[];
}
