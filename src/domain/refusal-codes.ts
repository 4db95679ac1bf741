/** Why a valid request does not fit, as a whole. */
export const REFUSAL_CODES = [
  'no-cell-fits',
  'cells-compete',
  'too-many-guest-cells',
  'shared-guests-need-cpus',
  'emulator-pool-full',
  'emulator-needs-cpu',
  'emulator-needs-shared-set',
  'devices-not-free',
  'devices-too-far',
  'host-memory-reserved',
  'carrier-cannot',
] as const;
/** One of {@link REFUSAL_CODES}. */
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** What one guest cell misses on one host cell; `needed` and `available` are counted in the unit said here. */
export const CONSTRAINTS = [
  /** `pinfold:cells` leaves the host cell out. */
  'allowed-cells',
  /** MiB. */
  'memory',
  /** Pools of the page size on the host cell. */
  'page-size',
  /** Free pages of the size asked for. */
  'pages',
  /** KiB: the memory is no multiple of the page size. */
  'page-multiple',
  /** MiB of memory times RAM ratio. */
  'ram-ratio',
  /** CPUs for dedicated use, taken or not. */
  'dedicated-cpus',
  'free-dedicated-cpus',
  /** Cores that are free as a whole (thread policy isolate). */
  'whole-cores',
  /** Threads on cores with a free sibling (thread policy require). */
  'sibling-threads',
  /** Cores with a free thread (threads separate). */
  'separate-cores',
  /** CPUs without SMT siblings (threads avoid). */
  'cores-without-siblings',
  /** CPUs within one last-level cache domain. */
  'cache-domain',
  /** CPUs of the wanted kind. */
  'cpu-kind',
  /** Free CPUs once vCPUs, emulator threads and iothreads are apart. */
  'emulator-cpu',
  /** CPUs that shared vCPUs float over. */
  'shared-cpus',
  /** Shared vCPUs at the CPU allocation ratio. */
  'shared-ratio',
  /** Shared vCPUs that must keep floating once the newcomer has its CPUs. */
  'shared-guests-cpus',
  /** Host cells: this one fits, but another guest cell needs it. */
  'host-cell-taken',
] as const;
/** One of {@link CONSTRAINTS}. */
export type Constraint = (typeof CONSTRAINTS)[number];
