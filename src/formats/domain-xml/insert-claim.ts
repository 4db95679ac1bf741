import { applyEdits, type Edit } from '../xml/edits.ts';
import { attributeOf, childNamed, type XmlElement } from '../xml/xml-element.ts';
import { CLAIM_NAMESPACE, CLAIM_PREFIX } from './claim-metadata.ts';
import { readDomainTree } from './domain-tree.ts';

/**
 * The domain XML with this fragment of `writeClaimMetadata` in its `<metadata>`, so that the guest carries its
 * claim from its first moment; one that Pinfold wrote there before is replaced. `null` takes it out. Everything
 * else stays byte for byte.
 * @throws DomainXmlError when the domain cannot be read
 */
export function insertClaim(xml: string, fragment: string | null): string {
  const domain = readDomainTree(xml);
  const metadata = childNamed(domain, 'metadata');
  const old = metadata?.children.filter(isOurs) ?? [];
  const removals: Edit[] = old.map(({ start, end }) => ({ start, end, text: '' }));
  if (fragment === null) return applyEdits(xml, removals);
  const text = qualified(fragment);
  if (old[0] !== undefined) return applyEdits(xml, [{ ...removals[0]!, text }, ...removals.slice(1)]);
  return applyEdits(xml, [insertion(xml, { domain, metadata, text })]);
}

function insertion(
  xml: string,
  at: { readonly domain: XmlElement; readonly metadata: XmlElement | undefined; readonly text: string },
): Edit {
  const { domain, metadata, text } = at;
  if (metadata === undefined)
    return { start: domain.openEnd, end: domain.openEnd, text: `<metadata>${text}</metadata>` };
  if (!metadata.selfClosing) return { start: metadata.openEnd, end: metadata.openEnd, text };
  const open = xml.slice(metadata.start, metadata.end).replace(/\s*\/>$/, '>');
  return { start: metadata.start, end: metadata.end, text: `${open}${text}</metadata>` };
}

function isOurs(element: XmlElement): boolean {
  const [prefix, name] = element.name.split(':');
  return name !== undefined && attributeOf(element, `xmlns:${prefix!}`) === CLAIM_NAMESPACE;
}

/** `<claim>…</claim>` with the prefix and namespace that libvirt would give it. */
function qualified(fragment: string): string {
  return fragment
    .replace(/^<(\w+)/, `<${CLAIM_PREFIX}:$1 xmlns:${CLAIM_PREFIX}="${CLAIM_NAMESPACE}"`)
    .replace(/<\/(\w+)>$/, `</${CLAIM_PREFIX}:$1>`);
}
