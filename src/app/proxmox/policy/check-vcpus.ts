import { AppError, EXIT } from '../../../domain/app-error.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';

/**
 * Twice what QEMU's largest machine has (q35: 4096). Proxmox VE lets `cores` and `sockets` be any number until the start, and
 * a decision about billions of vCPUs would keep the node's lock from all other starts.
 */
const MOST_VCPUS = 8192;

/**
 * Whether a guest has a number of vCPUs that can be thought about.
 *
 * @throws AppError when it has not
 */
export function checkVcpus(vmid: string, { sockets, cores, maxVcpus }: GuestConfig): void {
  if (maxVcpus <= MOST_VCPUS) return;
  throw new AppError(
    'vcpus-too-many',
    EXIT.usage,
    `VM ${vmid} is to have ${sockets} × ${cores} vCPUs by its config, and no machine of QEMU has more than ${MOST_VCPUS}: lower its sockets or cores.`,
  );
}
