/** What the operator decides for a node; every key is optional. The sets mean what Nova's mean. */
export interface HostPolicy {
  readonly cpu_dedicated_set?: string;
  readonly cpu_shared_set?: string;
  readonly vcpu_pin_set?: string;
  /** CPUs that carry nothing but emulator threads. */
  readonly emulator_pin_set?: string;
  /** How many isolated emulators one pool CPU carries, ≥ 1. */
  readonly emulator_overcommit_ratio?: number;
  readonly cpu_allocation_ratio?: number;
  readonly ram_allocation_ratio?: number;
  readonly reserved_host_memory_mb?: number;
  readonly overhead_mb_per_guest?: number;
  /** `node:N,size:KiB,count:N` each. */
  readonly reserved_huge_pages?: readonly string[];
  readonly strategy?: 'pack' | 'spread';
}

/** What holds where a policy is silent (contract of the host document). */
export const DEFAULT_POLICY = {
  cpu_dedicated_set: '',
  cpu_shared_set: '',
  vcpu_pin_set: '',
  emulator_pin_set: '',
  emulator_overcommit_ratio: 1,
  cpu_allocation_ratio: 4,
  ram_allocation_ratio: 1,
  reserved_host_memory_mb: 0,
  overhead_mb_per_guest: 0,
  reserved_huge_pages: [],
  strategy: 'spread',
} as const satisfies Required<HostPolicy>;
