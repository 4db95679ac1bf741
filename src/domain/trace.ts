import type { Host } from './host.ts';
import type { PlacementRequest } from './placement-request.ts';

/** Arrivals (`a`, guest, what it wants) and departures (`d`, guest) on one host, in the order of time. */
export interface Trace {
  readonly host: Host;
  readonly events: readonly TraceEvent[];
}

/** A departure of a guest that is not there says nothing. */
export type TraceEvent = readonly ['a', string, PlacementRequest] | readonly ['d', string];
