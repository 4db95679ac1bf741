import { fileLock } from '../adapters/ledger/file-lock.ts';
import { virsh } from '../adapters/libvirt/virsh.ts';
import type { ExclusivityPlace } from '../app/exclusivity/exclusivity.ts';
import { loadPolicy } from '../app/load-policy.ts';
import type { DomainPort, NodePort } from '../app/ports.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import { emptyLedger, type Ledger, type ProcessId } from '../domain/ledger.ts';
import { hostPolicyOf } from '../domain/node-policy.ts';
import { parseLedger } from '../formats/ledger/parse-ledger.ts';
import { readBootId, readProcessId } from '../formats/proc/process-id.ts';
import { policyFolder } from './policy-folder.ts';

/** What a verb looks at a node with. */
export interface NodeTools {
  readonly node: NodePort;
  readonly domains: DomainPort;
  readonly policy: HostPolicy;
  /** This process. */
  readonly owner: ProcessId;
}

/** How libvirt of this machine is reached. */
export function libvirtUri(): string {
  return process.env['LIBVIRT_URI'] ?? 'qemu:///system';
}

/** Tools for the node whose state lies in this folder, with the policy that it is under now. */
export async function nodeTools(node: NodePort, stateFolder: string): Promise<NodeTools> {
  const { policy } = await loadPolicy(node, { policy: policyFolder(node), state: stateFolder });
  return {
    node,
    domains: virsh(node, libvirtUri(), stateFolder),
    policy: hostPolicyOf(policy),
    owner: readProcessId(node.files, process.pid) ?? `${process.pid}:0`,
  };
}

/** Where this node remembers partitions and fences; `root` is the tree that stands in place of "/". */
export function exclusivityPlace(
  node: NodePort,
  stateFolder: string,
  root: string | undefined,
): ExclusivityPlace {
  return {
    node,
    lock: fileLock(`${root ?? ''}${stateFolder}/cgroup-lock`),
    stateFile: `${stateFolder}/exclusivity.json`,
  };
}

/** The ledger as it lies there, without a lock; an empty one where there is none or it is damaged. */
export function ledgerAsItLies({ files }: NodePort, stateFolder: string): Ledger {
  const text = files.read(`${stateFolder}/ledger.json`);
  return (text === null ? null : parseLedger(text)) ?? emptyLedger(readBootId(files));
}
