/** What one guest wants. */
export interface PlacementRequest {
  readonly kind: 'pinfold/request';
  readonly version: 1;
  readonly vm: string;
  readonly vcpus: number;
  /** Up to which vCPUs may be plugged in while it runs; absent: `vcpus`. Placed only with `pinfold:reserve_hotplug`. */
  readonly maxVcpus?: number;
  readonly memoryMiB: number;
  readonly iothreads?: number;
  /** What will carry the decision to QEMU; a wish that it cannot make true is refused by name. */
  readonly carrier?: 'libvirt' | 'proxmox';
  /** The operator's word, under Nova's option names. */
  readonly extraSpecs?: Readonly<Record<string, string>>;
  /** The tenant's refinement, under Nova's image property names. */
  readonly imageProperties?: Readonly<Record<string, string>>;
  readonly devices?: readonly DeviceRequest[];
}

/** One device by address, or `count` (default 1) of a vendor and product. */
export interface DeviceRequest {
  readonly address?: string;
  readonly vendor?: string;
  readonly product?: string;
  readonly count?: number;
  readonly policy?: DevicePolicy;
}

/** How near a device must be to the guest's cells; Nova's `hw:pci_numa_affinity_policy`. */
export const DEVICE_POLICIES = ['required', 'preferred', 'socket', 'legacy'] as const;
/** One of {@link DEVICE_POLICIES}. */
export type DevicePolicy = (typeof DEVICE_POLICIES)[number];
