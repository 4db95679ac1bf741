import type { Ledger } from '../../domain/ledger.ts';
import { readTopology } from '../../formats/sysfs/read-topology.ts';
import { observeHost, type Observation } from '../observe-host.ts';
import type { RebalanceTools } from './rebalance-tools.ts';

/** The node as it is now, with what the ledger knows of it; changes nothing. */
export function observeNode(
  tools: Pick<RebalanceTools, 'node' | 'domains' | 'policy' | 'owner'>,
  ledger: Ledger,
): Promise<Observation> {
  const { node } = tools;
  return observeHost(ledger, { ...tools, topology: readTopology(node.files, node.name) });
}
