import { applyEdits, type Edit } from '../xml/edits.ts';
import { childrenNamed, elementsAt } from '../xml/xml-element.ts';
import { readDomainTree } from './domain-tree.ts';
import { insertClaim } from './insert-claim.ts';

/** Elements of `<cputune>` that name CPUs of the host, or take them by priority. */
export const OF_THIS_HOST: readonly string[] = [
  'vcpupin',
  'emulatorpin',
  'iothreadpin',
  'vcpusched',
  'iothreadsched',
  'emulatorsched',
];

/**
 * A domain as it may travel to another host: without pins, `<numatune>` and Pinfold's claim, all of which speak of
 * this host's CPUs and cells. What the guest sees stays byte for byte.
 * @throws DomainXmlError when the domain cannot be read
 */
export function withoutPlacement(xml: string): string {
  const domain = readDomainTree(xml);
  const gone = [
    ...OF_THIS_HOST.flatMap(name => elementsAt(domain, 'cputune', name)),
    ...childrenNamed(domain, 'numatune'),
    ...childrenNamed(domain, 'vcpu').flatMap(({ attributes }) =>
      attributes.filter(({ name }) => name === 'cpuset'),
    ),
  ];
  const edits = gone.map(({ start, end }): Edit => ({ start, end, text: '' }));
  return insertClaim(applyEdits(xml, edits), null);
}
