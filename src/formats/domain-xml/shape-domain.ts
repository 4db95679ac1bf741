import type { Placement } from '../../domain/decision.ts';
import { applyEdits } from '../xml/edits.ts';
import { layoutOf } from '../xml/layout.ts';
import { childNamed } from '../xml/xml-element.ts';
import { readDomainTree } from './domain-tree.ts';
import { describeDomain } from './read-domain.ts';
import { spliceCpu } from './splice-cpu.ts';
import type { SpliceOptions } from './splice-task.ts';

/** What a guest is told of its CPUs; null = what the domain says itself. */
export interface GuestShape {
  /** Left out where it does not make the domain's number of vCPUs. */
  readonly topology: Placement['topology'] | null;
  readonly physicalAddress: NonNullable<SpliceOptions['physicalAddress']> | null;
}

/**
 * Writes the shape of a guest that is not placed into its domain XML: `<topology>` and `<maxphysaddr>` of `<cpu>`.
 * Outside of these not one byte changes.
 * @throws DomainXmlError when the domain cannot be read
 */
export function shapeDomain(xml: string, { topology, physicalAddress }: GuestShape): string {
  const root = readDomainTree(xml);
  const edits = spliceCpu({
    root,
    layout: layoutOf(xml, root, childNamed(root, 'name')!),
    domain: describeDomain(root),
    placement: { topology, cells: [] },
    options: { physicalAddress },
  });
  return applyEdits(xml, edits);
}
