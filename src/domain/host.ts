import type { Claim } from './claim.ts';
import type { HostPolicy } from './host-policy.ts';
import type { HostTopology } from './host-topology.ts';

/** A node, its operator's policy, and what is taken: all that a decision needs besides the request. */
export interface Host {
  readonly kind: 'pinfold/host';
  readonly version: 1;
  readonly topology: HostTopology;
  readonly policy: HostPolicy;
  readonly claims: readonly Claim[];
}
