import type { Claim } from './claim.ts';
import type { CHANGE_KINDS } from './plan.ts';

/** What a trace did. Events are numbered from 0. */
export interface Replay {
  readonly kind: 'pinfold/replay';
  readonly version: 1;
  /** In the order of arrival; a guest that arrives twice may be here twice. */
  readonly accepted: readonly string[];
  /** Refusal code by guest, of its last arrival. */
  readonly refused: Readonly<Record<string, string>>;
  /** Error code by guest whose request is invalid. */
  readonly errors: Readonly<Record<string, string>>;
  /** vCPUs of all arrivals, invalid requests included. */
  readonly offeredVcpus: number;
  readonly acceptedVcpus: number;
  /** [event number, dedicated CPUs in use after it]. */
  readonly fill: readonly (readonly [event: number, cpus: number])[];
  /** What running guests went through to let newcomers in; only when rebalancing. */
  readonly moves?: readonly ReplayMove[];
  /** What runs in the end. */
  readonly claims: readonly Claim[];
}

/** One change of a running guest for the arrival at this event. */
export interface ReplayMove {
  readonly event: number;
  readonly vm: string;
  readonly change: (typeof CHANGE_KINDS)[number];
  /** Memory that is copied, in MiB. */
  readonly costMiB: number;
}
