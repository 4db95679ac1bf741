import type { EmulatorPolicy } from './claim.ts';
import type { CpuList } from './host-topology.ts';

/** The answer to a request: exactly one of placement, refusal, error. */
export type Decision = DecisionHead &
  (
    | { readonly fits: true; readonly placement: Placement | null; readonly why: readonly string[] }
    | { readonly fits: false; readonly refusal: Refusal }
    | { readonly fits: false; readonly error: RequestError }
  );

interface DecisionHead {
  readonly kind: 'pinfold/decision';
  readonly version: 1;
  /** null only when the request could not be read. */
  readonly vm: string | null;
}

/** Where everything of one guest goes. */
export interface Placement {
  readonly cells: readonly PlacedCell[];
  /** By vCPU number: one CPU when dedicated, else the set that it floats over. */
  readonly pins: Readonly<Record<string, CpuList>>;
  readonly emulator: {
    readonly policy: EmulatorPolicy;
    readonly cpus: CpuList;
    /** For the launch only: with one CPU of every memory cell, as libvirt's thread contexts need it. */
    readonly atStart: CpuList;
    readonly share: number;
  };
  readonly iothreads: Readonly<Record<string, CpuList>>;
  readonly realtime: {
    readonly vcpus: CpuList;
    readonly scheduler: 'fifo';
    readonly priority: number;
  } | null;
  /** What the guest is told. */
  readonly topology: { readonly sockets: number; readonly cores: number; readonly threads: number };
  readonly memoryMode: 'strict' | 'restrictive' | 'none';
  /** Host cells that the memory comes from. */
  readonly nodeset: string;
  readonly devices: readonly string[];
  readonly cost: {
    readonly dedicated: number;
    readonly shared: number;
    readonly emulator: number;
    readonly total: number;
  };
}

/** One guest cell on its host cell. */
export interface PlacedCell {
  readonly guestCell: number;
  readonly hostCell: number;
  readonly vcpus: CpuList;
  readonly memoryMiB: number;
  /** null: the base page size, not asked for. */
  readonly pageSizeKiB: number | null;
}

/** Why a valid request does not fit; a value, not an exception. */
export interface Refusal {
  readonly code: string;
  /** One complete sentence with the numbers. */
  readonly summary: string;
  readonly cells: readonly CellRefusal[];
  /** What would make it fit; true whenever it is there. */
  readonly hint?: string;
}

/** What one guest cell misses on one host cell. */
export interface CellRefusal {
  readonly guestCell: number;
  readonly hostCell: number;
  readonly constraint: string;
  readonly needed: number;
  readonly available: number;
}

/** Why a request is no valid request. */
export interface RequestError {
  readonly code: string;
  /** The option that is wrong, where one can be named. */
  readonly option?: string;
  readonly summary: string;
}
