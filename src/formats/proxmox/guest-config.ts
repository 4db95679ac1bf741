import type { CpuSet } from '../../domain/cpu-set.ts';
import type { NumaCell } from './numa-cell.ts';

/** What a VM's configuration says of the QEMU that its next start makes, defaults filled in. */
export interface GuestConfig {
  readonly name: string | null;
  readonly sockets: number;
  readonly cores: number;
  /** vCPUs that the guest starts with: `vcpus`, at most {@link maxVcpus}. */
  readonly vcpus: number;
  /** sockets × cores, up to which vCPUs may be plugged in. */
  readonly maxVcpus: number;
  /** The maximum, `memory`, and not what `balloon` may leave of it. */
  readonly memoryMiB: number;
  /** `numa`. */
  readonly numa: boolean;
  /** `numaN` by number, whether or not {@link numa} is on; what cannot be read is missing. */
  readonly cells: readonly NumaCell[];
  /** `any`, `2` or `1024` (MiB); null: base pages. */
  readonly hugepages: string | null;
  /** The user's own mask for the whole process; null: none. */
  readonly affinity: CpuSet | null;
  /** The user's own placement by Proxmox VE itself (upstream's `pinning`); null: none. */
  readonly pinning: string | null;
  readonly args: string | null;
  readonly hookscript: string | null;
  readonly tags: readonly string[];
  readonly hotplug: readonly string[];
  readonly lock: string | null;
  readonly template: boolean;
  /** Disks with an iothread of their own, by key, as QEMU starts them. */
  readonly iothreads: readonly string[];
  readonly devices: readonly HostDevice[];
  /** The decoded notes; empty for none. */
  readonly description: string;
}

/** One `hostpciN`. */
export interface HostDevice {
  readonly key: string;
  /**
   * PCI addresses with their domain; without a function (`0000:01:00`) all functions of the device. Empty for a mapping.
   */
  readonly addresses: readonly string[];
  /** The name of a cluster-wide mapping; null for addresses. */
  readonly mapping: string | null;
  /** A mediated device: several guests share the device behind it. */
  readonly mediated: boolean;
}
