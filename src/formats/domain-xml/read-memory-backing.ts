import { attributeOf, elementsAt, type XmlElement } from '../xml/xml-element.ts';
import type { HugePages, MemoryBacking } from './domain-description.ts';
import { cpuSet, requiredAttribute } from './domain-tree.ts';
import { memoryKiB } from './memory-size.ts';

/** `<memoryBacking>`, all of them merged as libvirt does. */
export function readMemoryBacking(domain: XmlElement): MemoryBacking {
  const has = (name: string) => elementsAt(domain, 'memoryBacking', name).length > 0;
  const [source] = elementsAt(domain, 'memoryBacking', 'source');
  const allocations = elementsAt(domain, 'memoryBacking', 'allocation');
  return {
    hugePages: readHugePages(domain),
    locked: has('locked'),
    nosharepages: has('nosharepages'),
    source: source === undefined ? null : (attributeOf(source, 'type') ?? null),
    immediate: allocations.some(element => attributeOf(element, 'mode') === 'immediate'),
  };
}

function readHugePages(domain: XmlElement): readonly HugePages[] {
  if (elementsAt(domain, 'memoryBacking', 'hugepages').length === 0) return [];
  const pages = elementsAt(domain, 'memoryBacking', 'hugepages', 'page');
  if (pages.length === 0) return [{ sizeKiB: null, cells: null }];
  return pages.map(page => {
    const cells = attributeOf(page, 'nodeset');
    return {
      sizeKiB: memoryKiB(page, requiredAttribute(page, 'size')),
      cells: cells === undefined ? null : cpuSet(cells, 'The nodeset of <page>').toString(),
    };
  });
}
