import type { XmlElement } from '../xml/xml-element.ts';
import { attributeOf } from '../xml/xml-element.ts';
import { CLAIM_NAMESPACE } from './claim-metadata.ts';
import { readDomainTree } from './domain-tree.ts';
import { OF_THIS_HOST } from './without-placement.ts';

/** Attributes of `<vcpu>` that speak of the host. */
const OF_VCPU = ['cpuset', 'placement'];

/**
 * Whether two domains are one guest on different CPUs: they differ in nothing but pins, `<numatune>`, Pinfold's claim and
 * blanks between elements. libvirt's own comparison before a migration knows only what the guest would notice; this one also
 * holds the paths of disks and every other setting.
 * @throws DomainXmlError when one of them cannot be read
 */
export function sameGuest(left: string, right: string): boolean {
  return guestOf(left) === guestOf(right);
}

function guestOf(xml: string): string {
  const { attributes, children } = readDomainTree(xml);
  const own = attributes.filter(({ name }) => name !== 'id').map(({ name, value }) => [name, value]);
  return JSON.stringify([own, children.flatMap(child => partOf(child))]);
}

/** What of a child of `<domain>` is the guest's; nothing left of a container that only held the host's part. */
function partOf(element: XmlElement): readonly unknown[] {
  switch (element.name) {
    case 'numatune':
      return [];
    case 'cputune':
      return container(element, child => !OF_THIS_HOST.includes(child.name));
    case 'metadata':
      return container(element, child => !isClaim(child));
    case 'vcpu':
      return [plain(element, ({ name }) => !OF_VCPU.includes(name))];
    default:
      return [plain(element)];
  }
}

function container(element: XmlElement, keep: (child: XmlElement) => boolean): readonly unknown[] {
  const kept = element.children.filter(keep);
  return kept.length === 0 ? [] : [[element.name, kept.map(child => plain(child))]];
}

function plain(
  element: XmlElement,
  keep: (attribute: { readonly name: string }) => boolean = () => true,
): unknown {
  const attributes = element.attributes.filter(keep).map(({ name, value }) => [name, value]);
  return [element.name, attributes, element.text.trim(), element.children.map(child => plain(child))];
}

function isClaim(element: XmlElement): boolean {
  return element.attributes.some(
    ({ name }) => name.startsWith('xmlns:') && attributeOf(element, name) === CLAIM_NAMESPACE,
  );
}
