import { counted } from '../../domain/counted.ts';
import { attributeOf, elementsAt, type XmlElement } from '../xml/xml-element.ts';
import type { Numatune } from './domain-description.ts';
import { cpuSet, requiredAttribute, wholeNumber } from './domain-tree.ts';
import { DomainXmlError } from './domain-xml-error.ts';

/**
 * `<numatune>`, or null when nothing is tuned. libvirt's default mode is strict.
 * @throws DomainXmlError for two words on one thing and for a guest cell that the domain does not have
 */
export function readNumatune(domain: XmlElement, guestCells: number): Numatune | null {
  const memory = elementsAt(domain, 'numatune', 'memory');
  const nodes = elementsAt(domain, 'numatune', 'memnode');
  if (memory.length > 1)
    throw new DomainXmlError(
      'The domain XML has more than one <memory> in <numatune>; keep the one that is meant.',
    );
  const [whole] = memory;
  if (whole === undefined && nodes.length === 0) return null;
  const nodeset = whole === undefined ? undefined : attributeOf(whole, 'nodeset');
  return {
    mode: whole === undefined ? null : (attributeOf(whole, 'mode') ?? 'strict'),
    nodeset: nodeset === undefined ? null : hostCells(nodeset),
    cells: readCells(nodes, guestCells),
  };
}

function readCells(nodes: readonly XmlElement[], guestCells: number): Numatune['cells'] {
  const cells: Record<string, { mode: string; nodeset: string }> = {};
  for (const node of nodes) {
    const id = wholeNumber(requiredAttribute(node, 'cellid'), 'The cellid of <memnode>');
    if (id >= guestCells)
      throw new DomainXmlError(
        `<memnode> in the domain XML binds guest cell ${id}, but the domain has ${counted(guestCells, 'guest cell')}.`,
      );
    if (cells[id] !== undefined)
      throw new DomainXmlError(
        `The domain XML has more than one <memnode> for guest cell ${id}; keep the one that is meant.`,
      );
    cells[id] = {
      mode: attributeOf(node, 'mode') ?? 'strict',
      nodeset: hostCells(requiredAttribute(node, 'nodeset')),
    };
  }
  return cells;
}

function hostCells(nodeset: string): string {
  return cpuSet(nodeset, 'A nodeset of <numatune>').toString();
}
