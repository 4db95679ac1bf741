import { AppError, EXIT } from '../../domain/app-error.ts';
import type { Host } from '../../domain/host.ts';
import { decide } from '../../engine/decide.ts';
import { buildHostModel } from '../../engine/host-model.ts';
import type { NodePort } from '../ports.ts';
import type { Asked, Way } from '../prepare-start.ts';
import { guestPolicy, type GuestPolicy, type PolicyFolders } from './policy/guest-policy.ts';
import { readVmConfigFile } from './read-vm-config.ts';
import { settledCells } from './settled-cells.ts';
import { startKind } from './start-kind.ts';
import { waysToPlace } from './ways.ts';

/**
 * What a start of a VM of this Proxmox VE node would ask the engine now: the first of its ways that fits, else the first
 * one. null when the node has no such VM.
 *
 * @throws AppError for a VM that Pinfold does not place, with the reason
 */
export async function startQuestion(question: {
  readonly vmid: string;
  readonly node: NodePort;
  readonly folders: PolicyFolders;
  /** The node without the VM. */
  readonly host: Host;
}): Promise<Asked | null> {
  const { vmid, node, folders, host } = question;
  const file = readVmConfigFile(node.files, { node: node.name, vmid, source: null });
  if (file === null) return null;
  const guest = await guestPolicy({ vmid, configText: file.text, node, folders });
  if (guest.kind !== 'ours') throw new AppError('vm-not-placed', EXIT.usage, whyNotPlaced(vmid, guest));
  const { config } = guest;
  const kind = startKind({ vmid, migratedFrom: null, config, title: '' }, node.files);
  const ways = waysToPlace({ guest, kind, settled: settledCells(config), justRequeued: false });
  const model = buildHostModel(host);
  const fits = ({ request, hostCells }: Way) => decide(model, request, hostCells).fits;
  const { request, hostCells } = ways.find(fits) ?? ways[0]!;
  return { request, ...(hostCells === undefined ? {} : { hostCells }), host };
}

function whyNotPlaced(vmid: string, guest: Exclude<GuestPolicy, { kind: 'ours' }>): string {
  if (guest.kind === 'none')
    return `No tag of VM ${vmid} names a profile, so Pinfold does not place it: give a request with --request FILE to see where it would go.`;
  return guest.kind === 'foreign' ? guest.warnings.join(' ') : guest.reason;
}
