import type { DeviceRequest } from '../../../domain/placement-request.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';
import { mappedDevices } from '../../../formats/proxmox/pci-mapping.ts';
import type { TextTree } from '../../../formats/text-tree.ts';

/** The devices that a guest is given, and which could not be told beforehand. */
export interface ConfigDevices {
  readonly devices: readonly DeviceRequest[];
  readonly warnings: readonly string[];
}

const FUNCTIONS = '/sys/bus/pci/devices';
const MAPPINGS = '/etc/pve/mapping/pci.cfg';

/**
 * The PCI devices of a configuration by address. A device without function stands for all its functions; a mapping for
 * what it names on this node, when that is one candidate: of several the start itself takes the first that is free. What
 * is mediated belongs to several guests, so that none claims the device behind it.
 */
export function configDevices(
  config: GuestConfig,
  { files, node }: { readonly files: TextTree; readonly node: string },
): ConfigDevices {
  const warnings: string[] = [];
  const addresses = config.devices
    .filter(({ mediated }) => !mediated)
    .flatMap(({ key, addresses: named, mapping }) => {
      if (mapping === null) return named;
      const candidates = mappedDevices(files.read(MAPPINGS) ?? '', mapping, node);
      if (candidates.length === 1) return candidates[0]!;
      warnings.push(
        `${key} may be any of ${candidates.length} devices of the mapping "${mapping}" on ${node}, so where it lies does not count for the placement.`,
      );
      return [];
    });
  const devices = [...new Set(addresses.flatMap(address => functionsOf(address, files)))];
  return { devices: devices.map(address => ({ address })), warnings };
}

function functionsOf(address: string, files: TextTree): readonly string[] {
  if (address.includes('.')) return [address];
  const found = files.list(FUNCTIONS).filter(name => name.startsWith(`${address}.`));
  return found.length === 0 ? [`${address}.0`] : found;
}
