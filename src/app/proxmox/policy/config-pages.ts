import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';
import type { TextTree } from '../../../formats/text-tree.ts';
import { configCells } from './config-cells.ts';

const MIB_OF_GIB = 1024;

/**
 * The size in KiB of the huge pages that a configuration's next start takes; null: base pages. `any` takes 1 GiB pages
 * where the host has them and each guest cell is made of whole ones, else 2 MiB (qemu-server, `hugepages_size`).
 */
export function configPageKiB(config: GuestConfig, files: TextTree): number | null {
  if (config.hugepages === null) return null;
  if (config.hugepages !== 'any') return Number(config.hugepages) * 1024;
  const hasLarge = files.list('/sys/kernel/mm/hugepages').includes('hugepages-1048576kB');
  const divides = configCells(config).every(({ memoryMiB }) => memoryMiB % MIB_OF_GIB === 0);
  return hasLarge && divides ? MIB_OF_GIB * 1024 : 2048;
}
