import type { CpuList } from '../../domain/host-topology.ts';

/** What a libvirt domain XML says about everything that placement touches. */
export interface DomainDescription {
  readonly name: string;
  readonly uuid: string | null;
  /** `kvm`, `qemu`, … as written. */
  readonly type: string;
  /** vCPUs that are there at the start. */
  readonly vcpus: number;
  /** vCPUs that can be plugged in, ≥ `vcpus`. */
  readonly maxVcpus: number;
  /** `<vcpu cpuset>`: where threads without a pin of their own run; null = not said. */
  readonly vcpuCpuset: CpuList | null;
  /** `<memory>`: all memory of the guest. */
  readonly memoryKiB: number;
  /** The same in MiB, rounded up. */
  readonly memoryMiB: number;
  /** The part of `memoryKiB` that comes in memory devices, 0 without any. */
  readonly deviceMemoryKiB: number;
  /** The numbers of the iothreads, ascending. */
  readonly iothreads: readonly number[];
  readonly pins: DomainPins;
  readonly numatune: Numatune | null;
  /** The guest's own cells; empty when it sees none. */
  readonly guestCells: readonly DomainCell[];
  /** What the guest is told; null = left to libvirt (one thread a socket). */
  readonly topology: GuestTopology | null;
  /** `<cpu><maxphysaddr>`; null = left to libvirt. */
  readonly physicalAddress: { readonly mode: string; readonly bits: number | null } | null;
  readonly memoryBacking: MemoryBacking;
  /** PCI addresses of the host devices that are passed through, in the order of the text. */
  readonly devices: readonly string[];
  /** Whether QEMU touches all memory at the start: large pages or immediate allocation. */
  readonly preallocated: boolean;
  /** Whether somebody has pinned CPUs, emulator, iothreads or memory. */
  readonly hasPins: boolean;
}

/** `<cputune>`: which thread runs where. */
export interface DomainPins {
  /** By vCPU number; vCPUs without a pin are missing. */
  readonly vcpus: Readonly<Record<string, CpuList>>;
  readonly emulator: CpuList | null;
  /** By iothread number. */
  readonly iothreads: Readonly<Record<string, CpuList>>;
  readonly schedulers: readonly VcpuScheduler[];
}

/** `<vcpusched>`. */
export interface VcpuScheduler {
  readonly vcpus: CpuList;
  readonly scheduler: string;
  readonly priority: number | null;
}

/** `<numatune>`; host cells as a list such as `0-1`. */
export interface Numatune {
  /** null when only guest cells are tuned. */
  readonly mode: string | null;
  /** null = libvirt asks numad (`placement='auto'`). */
  readonly nodeset: string | null;
  /** By guest cell. */
  readonly cells: Readonly<Record<string, { readonly mode: string; readonly nodeset: string }>>;
}

/** `<cpu><numa><cell>`. */
export interface DomainCell {
  readonly id: number;
  readonly vcpus: CpuList;
  readonly memoryKiB: number;
  /** `memAccess`, as written. */
  readonly access: string | null;
}

/** `<cpu><topology>`; dies and clusters are 1 where nothing is said. */
export interface GuestTopology {
  readonly sockets: number;
  readonly dies: number;
  readonly clusters: number;
  readonly cores: number;
  readonly threads: number;
}

/** `<memoryBacking>`. */
export interface MemoryBacking {
  readonly hugePages: readonly HugePages[];
  readonly locked: boolean;
  readonly nosharepages: boolean;
  /** `<source type>`: file, anonymous, memfd; null = not said. */
  readonly source: string | null;
  /** `<allocation mode='immediate'>`. */
  readonly immediate: boolean;
}

/** Large pages for these guest cells; `cells` null = all others, `sizeKiB` null = the host's default size. */
export interface HugePages {
  readonly sizeKiB: number | null;
  readonly cells: string | null;
}
