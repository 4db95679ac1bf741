import type { Placement } from '../../domain/decision.ts';
import type { Drift } from '../../domain/drift.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import type { SeenGuest } from './observed.ts';

/** What would mend a drift, before CPUs are picked for it. */
export type Remedy =
  | {
      readonly kind: 'pin';
      readonly role: 'vcpu' | 'iothread';
      readonly index: number;
      readonly cpus: string;
    }
  | { readonly kind: 'pin'; readonly role: 'emulator'; readonly cpus: string }
  /** The vCPU gets CPUs by a decision; `from` is the CPU that it loses, if any. */
  | { readonly kind: 'decide-vcpu'; readonly vcpu: number; readonly from: string | null }
  /** The guest gets whole cores, or siblings, by a decision. */
  | { readonly kind: 'decide-cores' }
  /** All memory to these cells, or the pages of some cells back to one. */
  | { readonly kind: 'bind-memory'; readonly cells: string }
  | { readonly kind: 'return-pages'; readonly from: string; readonly to: string }
  /** The guest's floating sets follow what the others hold. */
  | { readonly kind: 'refloat'; readonly placement: Placement }
  /** A guest without pins keeps off the dedicated CPUs. */
  | { readonly kind: 'confine'; readonly cpus: string }
  /** Decide where the guest goes; `kept` is where it was, tried first. */
  | { readonly kind: 'place'; readonly request: PlacementRequest | null; readonly kept: LedgerEntry | null }
  /** Partitions and fences are put right, all at once. */
  | { readonly kind: 'exclude' }
  /** The ledger's record is all that is wrong. */
  | { readonly kind: 'record' }
  | { readonly kind: 'remove-file'; readonly path: string }
  /** Nothing that can be done while the guest runs; `why` ends the sentence. */
  | { readonly kind: 'none'; readonly why: string };

/** One drift, the guest that it is about, and what would mend it. */
export interface Finding {
  readonly drift: Drift;
  /** null: no such guest runs. */
  readonly guest: SeenGuest | null;
  readonly entry: LedgerEntry | null;
  readonly remedy: Remedy;
}
