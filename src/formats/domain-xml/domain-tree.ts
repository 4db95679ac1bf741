import { clip, CpuSyntaxError } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import { parseCpuSpec } from '../../domain/cpu-spec.ts';
import { readXml } from '../xml/read-xml.ts';
import { attributeOf, childrenNamed, type XmlElement } from '../xml/xml-element.ts';
import { XmlError } from '../xml/xml-error.ts';
import { DomainXmlError } from './domain-xml-error.ts';

/** libvirt keeps vCPU counts in 16 bits; cells, iothreads and priorities are far below. */
const NUMBER_LIMIT = 65535;

/** Elements of which libvirt reads only the first, so that a second one would be ignored without a word. */
const ONCE = ['name', 'uuid', 'memory', 'vcpu', 'iothreads', 'iothreadids', 'cpu'];

/**
 * The tree of a domain XML whose root is `<domain>` and that holds the elements at most once of which libvirt
 * reads only one.
 * @throws DomainXmlError
 */
export function readDomainTree(xml: string): XmlElement {
  if (lastRead?.xml === xml) return lastRead.root;
  const root = checkedTree(xml);
  lastRead = { xml, root };
  return root;
}

/** One start reads the same text several times: its description, its claim, the places to splice. */
let lastRead: { readonly xml: string; readonly root: XmlElement } | null = null;

function checkedTree(xml: string): XmlElement {
  const root = readRoot(xml);
  if (root.name !== 'domain')
    throw new DomainXmlError(
      `The domain XML has the root element <${clip(root.name)}>, but a libvirt domain is a <domain>.`,
    );
  for (const name of ONCE) onlyChild(root, name);
  for (const cpu of childrenNamed(root, 'cpu')) for (const name of ['topology', 'numa']) onlyChild(cpu, name);
  return root;
}

function readRoot(xml: string): XmlElement {
  try {
    return readXml(xml, 'The domain XML');
  } catch (error) {
    if (error instanceof XmlError) throw new DomainXmlError(error.message, error);
    throw error;
  }
}

/** The one child of this name, or undefined; two are refused. */
function onlyChild(parent: XmlElement, name: string): XmlElement | undefined {
  const [first, second] = childrenNamed(parent, name);
  if (second !== undefined)
    throw new DomainXmlError(
      `The domain XML has more than one <${name}> in <${parent.name}>, of which libvirt reads only one; keep the one that is meant.`,
    );
  return first;
}

/** An attribute that must be there. */
export function requiredAttribute(element: XmlElement, name: string): string {
  const value = attributeOf(element, name);
  if (value === undefined)
    throw new DomainXmlError(`<${element.name}> in the domain XML has no attribute ${name}.`);
  return value;
}

/** A whole number from `least` to {@link NUMBER_LIMIT}, as the text or attribute that `what` names holds it. */
export function wholeNumber(text: string, what: string, least = 0): number {
  const digits = text.trim();
  const value = /^[0-9]{1,10}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(value >= least && value <= NUMBER_LIMIT))
    throw new DomainXmlError(
      `${what} in the domain XML is "${clip(digits)}", which is no whole number from ${least} to ${NUMBER_LIMIT}.`,
    );
  return value;
}

/** A set of CPUs, vCPUs or cells in libvirt's syntax (`0-3,^2,8`); the empty set is refused, as libvirt does. */
export function cpuSet(text: string, what: string): CpuSet {
  try {
    const set = parseCpuSpec(text);
    if (!set.isEmpty) return set;
  } catch (error) {
    if (!(error instanceof CpuSyntaxError)) throw error;
    throw new DomainXmlError(`${what} in the domain XML cannot be read: ${error.message}`, error);
  }
  throw new DomainXmlError(`${what} in the domain XML is the empty set "${clip(text)}"; name at least one.`);
}
