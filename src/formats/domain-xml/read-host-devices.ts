import { attributeOf, childrenNamed, elementsAt, type XmlElement } from '../xml/xml-element.ts';
import { DomainXmlError } from './domain-xml-error.ts';

/**
 * The PCI addresses (`0000:21:00.0`) of the host devices that the domain gets: `<hostdev type='pci'>` and
 * `<interface type='hostdev'>` with an address of their own. Mediated, USB and SCSI devices have none.
 */
export function readHostDevices(domain: XmlElement): readonly string[] {
  const passed = elementsAt(domain, 'devices').flatMap(devices =>
    devices.children.filter(
      child =>
        (child.name === 'hostdev' && attributeOf(child, 'type') === 'pci') ||
        (child.name === 'interface' && attributeOf(child, 'type') === 'hostdev'),
    ),
  );
  return passed.flatMap(device =>
    childrenNamed(device, 'source')
      .flatMap(source => childrenNamed(source, 'address'))
      .filter(address => (attributeOf(address, 'type') ?? 'pci') === 'pci')
      .map(pciAddress),
  );
}

function pciAddress(address: XmlElement): string {
  const part = (name: string, limit: number, digits: number) => {
    const text = (attributeOf(address, name) ?? '0').trim();
    const value = /^(?:0x[0-9a-f]{1,8}|[0-9]{1,8})$/i.test(text) ? Number(text) : Number.NaN;
    if (!(value <= limit))
      throw new DomainXmlError(
        `A host device in the domain XML has ${name}="${text.slice(0, 20)}", which is no part of a PCI address.`,
      );
    return value.toString(16).padStart(digits, '0');
  };
  return `${part('domain', 0xffffffff, 4)}:${part('bus', 0xff, 2)}:${part('slot', 0x1f, 2)}.${part('function', 7, 1)}`;
}
