import type { CpuList } from './host-topology.ts';

/** What one VM holds on a node. Claims of two VMs overlap only in pool CPUs and in what is burnt beside them. */
export interface Claim {
  readonly vm: string;
  /** `observed`: a live QEMU; `leased`: a start under way. */
  readonly source: 'observed' | 'leased';
  /** Of a lease: the process that starts the VM, as `pid:starttime`. */
  readonly owner?: string;
  /** Of a lease: seconds since the epoch after which it is garbage. */
  readonly expires?: number;
  readonly cells: readonly ClaimCell[];
  readonly emulator?: ClaimEmulator | null;
  /** PCI addresses. */
  readonly devices?: readonly string[];
}

/** The part of a claim that lies on one host cell. */
export interface ClaimCell {
  readonly hostCell: number;
  /** All CPUs that the claim makes unusable for others: burnt siblings and its emulator CPU included. */
  readonly pcpus: CpuList;
  /**
   * The part of `pcpus` on which none of the VM's threads runs: the siblings that thread policy isolate keeps idle.
   * Absent where nobody knows, and then nothing counts as burnt.
   */
  readonly burnt?: CpuList;
  /** How many shared vCPUs float over the cell's shared CPUs. */
  readonly sharedVcpus: number;
  /** Counts against the RAM ratio. */
  readonly memoryMiB: number;
  /** Pool that `pages` counts against; null = the base page size. */
  readonly pageSizeKiB: number | null;
  readonly pages: number;
}

/** Where a VM's emulator threads run. */
export interface ClaimEmulator {
  readonly policy: EmulatorPolicy;
  readonly cpus: CpuList;
  /** The part of a pool CPU that it is billed for: 1/R when it was decided, 0 unless isolated. */
  readonly share: number;
}

/** `float` is the unset policy: over the guest's own CPUs. */
export type EmulatorPolicy = 'float' | 'share' | 'isolate' | 'mask';
