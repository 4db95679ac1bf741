import type { Host } from '../domain/host.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import { emptyLedger, type Ledger } from '../domain/ledger.ts';
import { readBootId } from '../formats/proc/process-id.ts';
import { readTopology } from '../formats/sysfs/read-topology.ts';
import { observeHost } from './observe-host.ts';
import type { DomainPort, NodePort } from './ports.ts';

/**
 * A node as it is now, for whoever only looks: nothing is written, no lock is taken. A ledger that is missing or damaged
 * (null) counts as empty, because the guests that run say what they hold.
 */
export async function readHost(tools: {
  readonly node: NodePort;
  readonly domains: DomainPort | null;
  readonly policy: HostPolicy;
  readonly ledger: Ledger | null;
}): Promise<Host> {
  const { node } = tools;
  const observer = { ...tools, topology: readTopology(node.files, node.name), owner: `${process.pid}:0` };
  const { host } = await observeHost(tools.ledger ?? emptyLedger(readBootId(node.files)), observer);
  return host;
}
