import { AppError, EXIT } from '../../../domain/app-error.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';
import { MAX_GUEST_CELLS } from '../../../formats/proxmox/numa-cell.ts';
import { configCells } from '../policy/config-cells.ts';
import type { WantedShape } from './shape-keys.ts';

/** qemu-server, `hugepages_topology`: the host cell of a guest cell on huge pages is read as one digit. */
const HIGHEST_HUGE_CELL = 9;

/**
 * What Proxmox VE cannot give a guest of this shape, as its start would find out: more guest cells than it has keys for,
 * memory hotplug beside `numaN`, huge pages on host cells from 10 on, memory that does not add up or is no multiple of
 * its pages.
 *
 * @throws AppError that names it
 */
export function checkShape(
  vm: string,
  { cells, hostCells, hugepages }: WantedShape,
  config: GuestConfig,
): void {
  const named = cells.length > 1 || hugepages !== null;
  if (!named) {
    if (config.hotplug.includes('memory') && configCells(config).length > 1)
      throw cannot(
        `VM ${vm} has memory hotplug, with which Proxmox VE shows one guest cell for each of its ${config.sockets} sockets, but it is to have one: take "memory" out of its hotplug options, or set "sockets: 1".`,
      );
    return;
  }
  if (cells.length > MAX_GUEST_CELLS)
    throw cannot(
      `Proxmox VE can show a guest at most ${MAX_GUEST_CELLS} cells, and VM ${vm} is to have ${cells.length}: lower hw:numa_nodes.`,
    );
  if (config.hotplug.includes('memory'))
    throw cannot(
      `VM ${vm} has memory hotplug, which Proxmox VE refuses beside guest cells of their own (numaN): take "memory" out of its hotplug options.`,
    );
  const sum = cells.reduce((total, { memoryMiB }) => total + memoryMiB, 0);
  if (sum !== config.memoryMiB)
    throw cannot(
      `The guest cells of VM ${vm} hold ${sum} MiB and its config says memory ${config.memoryMiB}, but Proxmox VE starts it only when both are equal: correct hw:numa_mem.`,
    );
  const empty = cells.findIndex(({ vcpus, memoryMiB }) => vcpus.isEmpty || memoryMiB === 0);
  if (empty >= 0)
    throw cannot(
      `Guest cell ${empty} of VM ${vm} has no vCPUs or no memory, and Proxmox VE starts no such cell: give it both.`,
    );
  if (hugepages === null) return;
  const odd = cells.find(({ memoryMiB }) => memoryMiB % Number(hugepages) !== 0);
  if (odd !== undefined)
    throw cannot(
      `A guest cell of VM ${vm} has ${odd.memoryMiB} MiB, which is no multiple of its huge pages of ${hugepages} MiB: change its memory or its page size.`,
    );
  const far = hostCells?.find(cell => cell > HIGHEST_HUGE_CELL);
  if (far !== undefined)
    throw cannot(
      `Huge pages of VM ${vm} would lie on host cell ${far}, but Proxmox VE gives them only from host cells 0 to ${HIGHEST_HUGE_CELL}: name those with pinfold:cells.`,
    );
}

/** A refusal for what the orchestrator cannot do. */
export function cannot(sentence: string): AppError {
  return new AppError('carrier-cannot', EXIT.refused, sentence);
}
