import type { CpuSet } from './cpu-set.ts';
import type { DevicePolicy, DeviceRequest } from './placement-request.ts';

/** A valid request with every option resolved: what the engine decides on. vCPU sets hold vCPU numbers. */
export interface GuestSpec {
  readonly vm: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly iothreads: number;
  readonly carrier: 'libvirt' | 'proxmox';
  /**
   * False: nothing asks for a placement (dedicated or mixed CPUs, guest cells, a page size, a required device, a
   * `pinfold:` option), the answer is `placement: null`.
   */
  readonly wantsPlacement: boolean;
  /** null = unset, which places like `shared`. */
  readonly cpuPolicy: 'shared' | 'dedicated' | 'mixed' | null;
  /** null = unset, which packs like `prefer`. `separate` and `avoid` come from `pinfold:threads`. */
  readonly threadPolicy: ThreadPolicy | null;
  /**
   * Guest cells in order; one when the guest names none. They hold each vCPU once and all of the memory; a listed
   * cell may have no vCPUs or 0 MiB. Automatic cells are decided by the engine.
   */
  readonly cells: readonly GuestCell[];
  /** `pinfold:auto_numa` and no cells given: the engine may split the guest into as many equal cells as it needs. */
  readonly autoCells: boolean;
  readonly pageSize: PageSizeWish | null;
  /** `float`: unset. `isolate` and `mask` come only with dedicated or mixed CPUs. */
  readonly emulator: 'float' | 'share' | 'isolate' | 'mask';
  /** With `mask`: the vCPUs on whose CPUs the emulator threads run, at least one of them without realtime. */
  readonly emulatorVcpus: CpuSet | null;
  /**
   * Realtime vCPUs, null without realtime; never empty, and only with dedicated or mixed CPUs. They are all vCPUs
   * only with `share` or `isolate`. Emulator threads must not be left with their CPUs alone: a spinning realtime
   * thread gives them no time. With mixed CPUs and no dedicated mask they are the dedicated vCPUs.
   */
  readonly realtimeVcpus: CpuSet | null;
  readonly lockedMemory: boolean;
  readonly physicalAddress: { readonly mode: 'passthrough' | 'emulate'; readonly bits: number | null } | null;
  readonly topology: GuestTopologyWish;
  readonly devices: readonly DeviceRequest[];
  /** Overrides the devices' own policy; null = theirs, else legacy. */
  readonly devicePolicy: DevicePolicy | null;
  readonly cache: 'prefer' | 'require';
  readonly cpuKind: 'performance' | 'efficiency' | 'any';
  /** Host cells that may be used; null = all. */
  readonly allowedCells: readonly number[] | null;
  /** Host cells that each guest cell may go to, by its place in `cells`; absent, or null for one: any that is allowed. */
  readonly hostCells?: readonly (readonly number[] | null)[];
  readonly iothreadPolicy: 'emulator' | 'isolate';
  /** Float within one host cell, nothing exclusive (`pinfold:confine=cell`); only with one guest cell. */
  readonly confineToCell: boolean;
  /** What was read and ignored, one sentence each, for `why`. */
  readonly notes: readonly string[];
}

/** How dedicated vCPUs may lie on SMT siblings: Nova's three, and `separate` and `avoid` of `pinfold:threads`. */
export type ThreadPolicy = 'prefer' | 'isolate' | 'require' | 'separate' | 'avoid';

/** A NUMA cell that the guest sees. */
export interface GuestCell {
  readonly id: number;
  readonly vcpus: CpuSet;
  /** The part of `vcpus` that gets a CPU of its own. */
  readonly dedicated: CpuSet;
  readonly memoryMiB: number;
}

/** `small`: the base page size; `large`: any above it, biggest first; `any`: biggest first; or KiB. */
export type PageSizeWish = 'small' | 'large' | 'any' | number;

/** Sockets, cores, threads as wished and limited; null = not said. All options in Nova's semantics §11. */
export interface GuestTopologyWish {
  readonly preferred: {
    readonly sockets: number | null;
    readonly cores: number | null;
    readonly threads: number | null;
  };
  readonly maximum: {
    readonly sockets: number | null;
    readonly cores: number | null;
    readonly threads: number | null;
  };
}
