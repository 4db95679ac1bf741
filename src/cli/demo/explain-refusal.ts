import { hostPolicyOf } from '../../domain/node-policy.ts';
import type { Refusal } from '../../domain/decision.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { decide } from '../../engine/decide.ts';
import { buildHostModel } from '../../engine/host-model.ts';
import { readTopology } from '../../formats/sysfs/read-topology.ts';
import type { DemoGuest } from './demo-guests.ts';
import { DEMO_POLICY } from './demo-machine.ts';
import type { DemoNode } from './demo-node.ts';

/** Why a guest does not fit on the demo's node as it is now; null when it would fit. */
export function explainRefusal(demo: DemoNode, guest: DemoGuest): Refusal | null {
  const model = buildHostModel({
    kind: 'pinfold/host',
    version: 1,
    topology: readTopology(demo.node.files, demo.node.name),
    policy: hostPolicyOf(DEMO_POLICY),
    claims: demo.ledger().entries.map(({ claim }) => claim),
  });
  const decision = decide(model, requestOf(guest));
  return !decision.fits && 'refusal' in decision ? decision.refusal : null;
}

/** What a guest of the demo asks for, as a request document. */
export function requestOf({ name, vcpus, memoryMiB, policy }: DemoGuest): PlacementRequest {
  const specs = Object.entries(policy ?? {}).map(([key, value]): [string, string] => [
    key.toLowerCase().replace('_', ':'),
    value,
  ]);
  return {
    kind: 'pinfold/request',
    version: 1,
    vm: name,
    vcpus,
    memoryMiB,
    carrier: 'libvirt',
    extraSpecs: Object.fromEntries(specs),
  };
}
