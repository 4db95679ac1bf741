import type { HostPolicy } from '../../domain/host-policy.ts';
import type { ProcessId } from '../../domain/ledger.ts';
import type { ExclusivityPlace } from '../exclusivity/exclusivity.ts';
import type { DomainPort, GuestControl, LedgerStore, NodePort } from '../ports.ts';

/** What a rebalance of one node works with. */
export interface RebalanceTools {
  readonly node: NodePort;
  readonly ledger: LedgerStore;
  /** null: no libvirt is asked here. */
  readonly domains: DomainPort | null;
  readonly control: GuestControl;
  /** Where partitions and fences of guests of Proxmox VE are kept. */
  readonly exclusivity: ExclusivityPlace;
  /** Puts an element into a domain's metadata in the place of the one of its namespace; null, or what libvirt said. */
  readonly setMetadata: (
    vm: string,
    element: { readonly namespace: string; readonly prefix: string; readonly xml: string },
  ) => Promise<string | null>;
  /** Told what does not matter for the plan, in one sentence. */
  readonly warn: (sentence: string) => void;
  readonly policy: HostPolicy;
  /** The process that rebalances: this one. */
  readonly owner: ProcessId;
}
