import { parseVmConfig } from '../../formats/proxmox/parse-vm-config.ts';
import { readGuestConfig } from '../../formats/proxmox/read-guest-config.ts';
import type { TextTree } from '../../formats/text-tree.ts';

/** A VM's config file as a phase finds it. */
export interface VmConfigFile {
  readonly path: string;
  readonly text: string;
}

const PVE = '/etc/pve';

/**
 * A VM's config: this node's, or while it comes in by live migration from `source` the one in that node's folder, where it
 * lies until the migration is over. null = there is none.
 */
export function readVmConfigFile(
  files: TextTree,
  at: { readonly node: string; readonly vmid: string; readonly source: string | null },
): VmConfigFile | null {
  const name = `qemu-server/${at.vmid}.conf`;
  const places =
    at.source === null
      ? [`${PVE}/${name}`, `${PVE}/nodes/${at.node}/${name}`]
      : [`${PVE}/nodes/${at.source}/${name}`];
  for (const path of places) {
    const text = files.read(path);
    if (text !== null) return { path, text };
  }
  return null;
}

/** MiB of a VM of this node by its config, null when that cannot be read. */
export function readVmMemory(files: TextTree, node: string, vmid: string): number | null {
  const file = readVmConfigFile(files, { node, vmid, source: null });
  return file === null ? null : readGuestConfig(parseVmConfig(file.text), { pending: false }).memoryMiB;
}
