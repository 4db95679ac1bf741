import type { Claim } from '../domain/claim.ts';
import type { Host } from '../domain/host.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import type { Machine } from './machine.ts';
import { topologyOf } from './topology-of.ts';

/** A host document of this machine, for tests of the engine and benches; without policy and claims it is untouched. */
export function hostOf(machine: Machine, policy: HostPolicy = {}, claims: readonly Claim[] = []): Host {
  return { kind: 'pinfold/host', version: 1, topology: topologyOf(machine), policy, claims };
}
