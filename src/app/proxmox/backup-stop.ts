import { parseVmConfig } from '../../formats/proxmox/parse-vm-config.ts';
import { readGuestConfig } from '../../formats/proxmox/read-guest-config.ts';
import type { HookCall } from './hook-call.ts';
import { readVmConfigFile } from './read-vm-config.ts';

/** vzdump starts a guest again within seconds of having stopped it; a slow storage may take minutes. */
const SOON_SECONDS = 900;

/**
 * Remembers, in `post-stop`, that a guest ended while a backup had locked its config: a backup in mode `stop` shuts a guest
 * down, starts it paused and lets the same QEMU run on (qemu-server, VZDump/QemuServer.pm, `resume_vm_after_job_start`).
 */
export function noteBackupStop(call: HookCall): void {
  const { node, vmid } = call;
  const file = readVmConfigFile(node.files, { node: node.name, vmid, source: null });
  if (file === null || !file.text.includes('lock: backup')) return;
  if (readGuestConfig(parseVmConfig(file.text), { pending: false }).lock !== 'backup') return;
  node.writeAtomically(noteFile(call), `${Math.floor(Date.now() / 1000)}\n`, 0o600);
}

/**
 * Whether a start by a backup is that of a guest which ran until a moment ago, and will run on. Where `qm cleanup` was too
 * late to call `post-stop`, the ledger still knows the guest.
 */
export function wasStoppedByBackup(call: HookCall): boolean {
  const { files } = call.node;
  const at = Number(files.read(noteFile(call)) ?? 0);
  if (Math.abs(Date.now() / 1000 - at) < SOON_SECONDS) return true;
  return (files.read(`${call.folders.state}/ledger.json`) ?? '').includes(`"vm":"${call.vmid}"`);
}

/** Forgets it, once the guest is started. */
export function forgetBackupStop(call: HookCall): void {
  if (call.node.files.read(noteFile(call)) !== null) call.node.remove(noteFile(call));
}

function noteFile({ folders, vmid }: HookCall): string {
  return `${folders.state}/backup-stopped-${vmid}`;
}
