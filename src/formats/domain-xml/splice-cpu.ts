import type { Edit } from '../xml/edits.ts';
import { editContainer } from '../xml/edit-container.ts';
import { type Fragment, renderFragment } from '../xml/fragment.ts';
import { indentAt } from '../xml/layout.ts';
import { childNamed, childrenNamed, type XmlElement } from '../xml/xml-element.ts';
import { cellFragments } from './cell-fragments.ts';
import { insertElement, type ShapeTask } from './splice-task.ts';

/**
 * `<cpu>`: what is there of `<topology>`, `<maxphysaddr>` and `<numa>` is replaced where it stands, what is missing
 * comes behind the other children, and everything else stays as it is.
 */
export function spliceCpu(task: ShapeTask): Edit[] {
  const cpu = childNamed(task.root, 'cpu');
  const cells = cellFragments(task, cpu === undefined ? undefined : childNamed(cpu, 'numa'));
  const numa: Fragment = { name: 'numa', children: cells };
  const wanted = [...topologyFragment(task), ...addressFragment(task), ...(cells.length === 0 ? [] : [numa])];
  if (wanted.length === 0) return [];
  if (cpu === undefined) return [insertElement(task, { name: 'cpu', children: wanted })];
  const missing = wanted.filter(fragment => childNamed(cpu, fragment.name) === undefined);
  const present = wanted.filter(fragment => !missing.includes(fragment));
  return [
    ...present.flatMap(fragment => replaceChild(task, childNamed(cpu, fragment.name)!, fragment)),
    ...editContainer(cpu, { remove: [], put: missing }, task.layout),
  ];
}

function replaceChild({ layout }: ShapeTask, child: XmlElement, fragment: Fragment): Edit[] {
  if (fragment.name === 'numa')
    return editContainer(child, { remove: childrenNamed(child, 'cell'), put: fragment.children! }, layout);
  const text = renderFragment(fragment, indentAt(layout.source, child.start), layout);
  return [{ start: child.start, end: child.end, text }];
}

/** Left as it is where the placement counts fewer vCPUs than may be plugged in: it is not theirs to shape. */
function topologyFragment({ domain, placement }: ShapeTask): Fragment[] {
  if (placement.topology === null) return [];
  const { sockets, cores, threads } = placement.topology;
  if (sockets * cores * threads !== domain.maxVcpus) return [];
  return [{ name: 'topology', attributes: { sockets, cores, threads } }];
}

function addressFragment({ options }: ShapeTask): Fragment[] {
  const address = options.physicalAddress ?? null;
  if (address === null) return [];
  return [{ name: 'maxphysaddr', attributes: { mode: address.mode, bits: address.bits ?? undefined } }];
}
