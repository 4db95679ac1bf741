import { AppError, EXIT } from '../../../domain/app-error.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';
import { parseVmConfig } from '../../../formats/proxmox/parse-vm-config.ts';
import { splitTags } from '../../../formats/proxmox/tags.ts';

/** Keys that decide what a guest sees of its cells and pages. */
export function isShapeKey(key: string): boolean {
  return /^(numa\d?|hugepages)$/.test(key);
}

/**
 * Whether a VM's configuration may be changed now.
 *
 * @throws AppError for one that a task has locked, one with pending changes to what would be changed, and one that its
 * user places
 */
export function checkMayChange(vmid: string, configText: string, config: GuestConfig): void {
  if (config.lock !== null)
    throw new AppError(
      'vm-locked',
      EXIT.state,
      `VM ${vmid} is locked (${config.lock}): wait until that task has ended, then try again.`,
    );
  const pending = parseVmConfig(configText).pending?.values ?? new Map<string, string>();
  const named = [...pending.keys(), ...splitTags(pending.get('delete') ?? '')];
  const keys = named.filter(isShapeKey);
  if (keys.length > 0)
    throw new AppError(
      'vm-pending',
      EXIT.state,
      `VM ${vmid} has pending changes of ${keys.join(', ')} that its next start would put over these: revert them, or stop and start the VM, then try again.`,
    );
  const own = config.affinity !== null ? 'affinity' : config.pinning !== null ? 'pinning' : null;
  if (own !== null)
    throw new AppError(
      'own-placement',
      EXIT.usage,
      `VM ${vmid} has "${own}" in its config, which is kept and counted, so that no profile would be followed: run "qm set ${vmid} --delete ${own}" first.`,
    );
}
