import type { Host } from './host.ts';
import type { PlacementRequest } from './placement-request.ts';

/** With what a running guest's place was decided; deciding again with it gives the same answer and the reasons. */
export interface DecisionRecord {
  readonly kind: 'pinfold/decision-record';
  readonly version: 1;
  readonly vm: string;
  /** Seconds since the epoch. */
  readonly seconds: number;
  /** The node as it was then, without this guest. */
  readonly host: Host;
  readonly request: PlacementRequest;
  /** The host cells that each guest cell was held to, where those were settled already. */
  readonly hostCells?: readonly (readonly number[])[];
}
