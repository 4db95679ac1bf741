import type { HostPolicy } from '../../domain/host-policy.ts';
import type { ProcessId } from '../../domain/ledger.ts';
import type { DomainPort, GuestControl, LedgerStore, NodePort } from '../ports.ts';

/** What a rebalance of one node works with. */
export interface RebalanceTools {
  readonly node: NodePort;
  readonly ledger: LedgerStore;
  /** null: no libvirt is asked here. */
  readonly domains: DomainPort | null;
  readonly control: GuestControl;
  readonly policy: HostPolicy;
  /** The process that rebalances: this one. */
  readonly owner: ProcessId;
}
