import { clip } from '../../domain/cpu-list.ts';
import { attributeOf, type XmlElement } from '../xml/xml-element.ts';
import { DomainXmlError } from './domain-xml-error.ts';

/** libvirt's units (formatdomain, memory allocation): one letter or `iB` is binary, a plain `B` is decimal. */
const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  ...prefixes('', 1024),
  ...prefixes('ib', 1024),
  ...prefixes('b', 1000),
};

/**
 * The size that an element holds, in KiB, rounded up as libvirt does; without a unit it is KiB.
 * @param text the element's text or the value of one of its attributes
 */
export function memoryKiB(element: XmlElement, text: string, defaultUnit = 'KiB'): number {
  const unit = attributeOf(element, 'unit') ?? defaultUnit;
  const bytes = BYTES[unit.toLowerCase()];
  const digits = text.trim();
  const size = /^[0-9]{1,15}$/.test(digits) && bytes !== undefined ? Number(digits) * bytes : Number.NaN;
  if (Number.isSafeInteger(size)) return Math.ceil(size / 1024);
  throw new DomainXmlError(
    `<${element.name}> in the domain XML is "${clip(digits)}" ${clip(unit)}, which is no memory size; write a number of KiB.`,
  );
}

function prefixes(suffix: string, base: number): Record<string, number> {
  return Object.fromEntries(
    ['k', 'm', 'g', 't', 'p'].map((letter, index) => [letter + suffix, base ** (index + 1)]),
  );
}
