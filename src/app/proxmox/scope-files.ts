import type { Ledger } from '../../domain/ledger.ts';
import {
  readScopeDropIn,
  RUNTIME_UNITS,
  scopeDropInPath,
  type ScopeDropIn,
} from '../../formats/systemd/scope-drop-in.ts';
import type { NodePort } from '../ports.ts';

/** Pinfold's drop-in of this guest's scope; null when there is none that Pinfold could have written. */
export function dropInOf(node: NodePort, vmid: string): ScopeDropIn | null {
  const kept = readScopeDropIn(node.files.read(scopeDropInPath(vmid)) ?? '');
  return kept?.entry.vm === vmid ? kept : null;
}

/** Takes Pinfold's drop-in of a guest's scope off, and its folder where nobody else has a file in it. */
export function removeDropIn(node: NodePort, vmid: string): void {
  const path = scopeDropInPath(vmid);
  if (node.files.read(path) === null) return;
  node.remove(path);
  node.removeFolder(path.slice(0, path.lastIndexOf('/')));
}

/**
 * Takes the drop-ins off that starts which failed, or guests that ended while no hook was called, have left: those of guests
 * that neither run nor are being started. Under the node's lock, with everything that is known to be taken.
 */
export function sweepDropIns(node: NodePort, ledger: Ledger, starting: string): void {
  const known = new Set(ledger.entries.map(({ vm }) => vm)).add(starting);
  for (const name of node.files.list(RUNTIME_UNITS)) {
    const vmid = /^([1-9]\d{2,8})\.scope\.d$/.exec(name)?.[1];
    if (vmid !== undefined && !known.has(vmid)) removeDropIn(node, vmid);
  }
}

/**
 * Makes systemd see a drop-in folder that is new: it keeps a list of all paths and reads them again only for a unit that it
 * does not know (seen on systemd 257; `systemctl show` of the scope itself does not do it).
 */
export async function nudgeSystemd(node: NodePort): Promise<void> {
  await node.run(['systemctl', 'show', `pinfold-nudge-${process.pid}.service`, '-p', 'LoadState'], {
    timeoutMs: 10_000,
  });
}
