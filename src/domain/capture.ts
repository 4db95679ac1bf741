import type { Host } from './host.ts';
import type { PlacementRequest } from './placement-request.ts';

/** A node in one document, for a bug report: what a decision needs, and with what it was made. Holds no secrets. */
export interface Capture extends Host {
  /** By name: Pinfold, Node.js, kernel, operating system, QEMU. What the node does not say is left out. */
  readonly versions: Readonly<Record<string, string>>;
  /** What each guest asked for, by its name in the claims, where that is known. */
  readonly requests: Readonly<Record<string, PlacementRequest>>;
}
