import type { Placement } from '../../domain/decision.ts';
import { applyEdits } from '../xml/edits.ts';
import { layoutOf } from '../xml/layout.ts';
import { childNamed } from '../xml/xml-element.ts';
import { checkPlacement } from './check-placement.ts';
import { readDomainTree } from './domain-tree.ts';
import { describeDomain } from './read-domain.ts';
import { spliceCpu } from './splice-cpu.ts';
import { spliceCputune } from './splice-cputune.ts';
import { spliceMemoryBacking } from './splice-memory-backing.ts';
import { spliceNumatune } from './splice-numatune.ts';
import { spliceVcpu } from './splice-vcpu.ts';
import type { SpliceOptions, SpliceTask } from './splice-task.ts';

/**
 * Writes a placement into a domain XML: `<vcpu>`, `<cputune>`, `<numatune>`, `<memoryBacking>` and `<cpu>`'s
 * `<topology>`, `<numa>` and `<maxphysaddr>`. Outside of these elements not one byte changes; inside, what Pinfold does not
 * decide (shares, quotas, memory source, CPU model and features, …) stays byte for byte. Doing it again changes nothing.
 * @throws DomainXmlError when the domain cannot be read, contradicts itself or cannot carry this placement
 */
export function spliceDomain(xml: string, placement: Placement, options: SpliceOptions = {}): string {
  const root = readDomainTree(xml);
  const domain = describeDomain(root);
  checkPlacement(domain, placement);
  const task: SpliceTask = {
    root,
    layout: layoutOf(xml, root, childNamed(root, 'name')!),
    domain,
    placement,
    options,
  };
  return applyEdits(xml, [
    ...spliceMemoryBacking(task),
    ...spliceVcpu(task),
    ...spliceCputune(task),
    ...spliceNumatune(task),
    ...spliceCpu(task),
  ]);
}
