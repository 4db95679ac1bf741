/** Ordered steps from the observed to the wanted state, each with its price. */
export interface Plan {
  readonly kind: 'pinfold/plan';
  readonly version: 1;
  readonly before: PlanScore;
  readonly after: PlanScore;
  readonly changes: readonly Change[];
}

/** What one step of a plan does. */
export const CHANGE_KINDS = [
  'repin-vcpu',
  'repin-emulator',
  'repin-iothread',
  'set-cpuset',
  'move-memory',
  'rewrite-config',
  'release',
] as const;

/** One step. `from` and `to` are CPU lists, cells or config lines, as the kind of change has them. */
export interface Change {
  readonly vm: string;
  readonly change: (typeof CHANGE_KINDS)[number];
  readonly from: string;
  readonly to: string;
  /** Memory that is copied, in MiB; 0 when nothing moves. */
  readonly costMiB: number;
  /** False: takes effect at the VM's next cold start. */
  readonly live: boolean;
}

/** What a node's placements are judged by, most important first; less is better except `largestHole`. */
export const SCORE_PARTS = [
  /** Sum of distances between devices and the cells of their guests. */
  'deviceDistance',
  /** MiB of guest memory on other cells than its vCPUs. */
  'remoteMemoryMiB',
  /** Sum of distances between the cells of each guest. */
  'cellDistance',
  'cacheDomains',
  'brokenCores',
  /** CPUs of the largest run of free whole cores within one cell. */
  'largestHole',
  /** Permille of difference between the fullest and the emptiest cell. */
  'balance',
] as const;
/** Parts that a plan does not touch may be left out. */
export type PlanScore = Readonly<Partial<Record<(typeof SCORE_PARTS)[number], number>>>;
