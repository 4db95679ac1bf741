import type { LedgerEntry } from '../../domain/ledger.ts';
import type { CpuList } from '../../domain/host-topology.ts';
import type { Asked } from '../prepare-start.ts';

/** One act that mends something, or makes way for one that does. */
export type Act =
  | { readonly kind: 'pin-vcpu'; readonly index: number; readonly cpus: CpuList }
  | { readonly kind: 'pin-iothread'; readonly index: number; readonly cpus: CpuList }
  | { readonly kind: 'pin-emulator'; readonly cpus: CpuList }
  | { readonly kind: 'bind-memory'; readonly cells: CpuList }
  | { readonly kind: 'return-pages'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove-file'; readonly path: string };

/** An act, and which finding it is for. */
export interface Repair {
  /** Index of the finding. */
  readonly finding: number;
  readonly vm: string;
  readonly act: Act;
  /** What it changes, as it is before. */
  readonly from: string;
  /** MiB that are copied. */
  readonly costMiB: number;
}

/** How everything is mended. */
export interface RepairPlan {
  /** In this order. */
  readonly repairs: readonly Repair[];
  /** What the ledger must say before the first of them, by guest. */
  readonly entries: ReadonlyMap<string, LedgerEntry>;
  /** With what guests were placed anew, by guest. */
  readonly asked: ReadonlyMap<string, Asked>;
  /** What guests without pins are let run on, by process. */
  readonly confined: ReadonlyMap<string, string>;
  /** Why a finding stays, by its index; the end of a sentence. */
  readonly refused: ReadonlyMap<number, string>;
  /** What was decided for a finding, by its index; the end of a sentence. */
  readonly decided: ReadonlyMap<number, string>;
}
