import type { Device } from '../../domain/host-topology.ts';
import type { TextTree } from '../text-tree.ts';
import { countOf } from './sysfs-text.ts';

const PCI_FOLDER = '/sys/bus/pci/devices';

/** Longest uevent that is read; a kernel's is at most one page. */
const LONGEST = 4096;

/**
 * The PCI functions in order of their addresses, two files each: `uevent` has vendor, product and class together;
 * where it lacks one, all three come from their own files. A function whose identity cannot be read is left out.
 */
export function readDevices(tree: TextTree): readonly Device[] {
  return tree
    .list(PCI_FOLDER)
    .filter(address => /^[\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.[0-7]$/.test(address))
    .flatMap(address => {
      const folder = `${PCI_FOLDER}/${address}`;
      const identity = fromEvent(tree.read(`${folder}/uevent`)) ?? fromFiles(tree, folder);
      if (identity === null) return [];
      return [{ address, cell: countOf(tree.read(`${folder}/numa_node`)), ...identity }];
    });
}

type Identity = Pick<Device, 'vendor' | 'product' | 'class'>;

function fromEvent(text: string | null): Identity | null {
  if (text === null || text.length > LONGEST) return null;
  const kind = /^PCI_CLASS=([\dA-F]{1,6})$/m.exec(text)?.[1];
  const [, vendor, product] = /^PCI_ID=([\dA-F]{4}):([\dA-F]{4})$/m.exec(text) ?? [];
  if (kind === undefined || vendor === undefined || product === undefined) return null;
  return {
    vendor: vendor.toLowerCase(),
    product: product.toLowerCase(),
    class: kind.toLowerCase().padStart(6, '0'),
  };
}

function fromFiles(tree: TextTree, folder: string): Identity | null {
  const hex = (file: string, digits: number) => {
    const text = tree.read(`${folder}/${file}`);
    const value = text === null ? null : /^0x([\da-f]+)\s*$/i.exec(text.slice(0, 16))?.[1];
    return value?.length === digits ? value.toLowerCase() : null;
  };
  const [vendor, product, kind] = [hex('vendor', 4), hex('device', 4), hex('class', 6)];
  return vendor === null || product === null || kind === null ? null : { vendor, product, class: kind };
}
