import { parseProperties } from './property-string.ts';

/**
 * The PCI addresses that a mapping names for a node, in /etc/pve/mapping/pci.cfg: a line with the mapping's name,
 * then indented `map` lines of `id=…,node=…,path=…`. Each `map` line is one candidate, of which a start takes the first
 * that is free; a candidate may be several addresses.
 */
export function mappedDevices(
  mappingConfig: string,
  mapping: string,
  node: string,
): readonly (readonly string[])[] {
  const candidates: (readonly string[])[] = [];
  let inside = false;
  for (const line of mappingConfig.split('\n')) {
    if (/^\S/.test(line)) inside = line.trim() === mapping;
    const map = inside ? /^\s+map\s+(\S.*)$/.exec(line) : null;
    const parts = map === null ? null : parseProperties(map[1]!.trim());
    if (parts?.get('node') !== node) continue;
    const path = (parts.get('path') ?? '').toLowerCase();
    if (path !== '') candidates.push(path.split(';'));
  }
  return candidates;
}
