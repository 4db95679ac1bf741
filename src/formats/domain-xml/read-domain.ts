import { counted } from '../../domain/counted.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { attributeOf, childNamed, childrenNamed, elementsAt, type XmlElement } from '../xml/xml-element.ts';
import type { DomainDescription } from './domain-description.ts';
import { cpuSet, readDomainTree, requiredAttribute, wholeNumber } from './domain-tree.ts';
import { DomainXmlError } from './domain-xml-error.ts';
import { memoryKiB } from './memory-size.ts';
import { readGuestCells, readGuestTopology, readPhysicalAddress } from './read-guest-cells.ts';
import { readHostDevices } from './read-host-devices.ts';
import { readMemoryBacking } from './read-memory-backing.ts';
import { readNumatune } from './read-numatune.ts';
import { readPins } from './read-pins.ts';

/**
 * Reads a libvirt domain as `virsh dumpxml` or OpenNebula writes it.
 * @throws DomainXmlError when it is no well-formed domain or contradicts itself (see the parts' readers)
 */
export function readDomain(xml: string): DomainDescription {
  return describeDomain(readDomainTree(xml));
}

/** The description of a domain that is a tree already. */
export function describeDomain(domain: XmlElement): DomainDescription {
  const cpus = readVcpus(domain);
  const memory = readMemory(domain);
  const iothreads = readIothreads(domain);
  const pins = readPins(domain, cpus.maxVcpus, iothreads);
  const guestCells = readGuestCells(domain, { ...cpus, ...memory });
  const numatune = readNumatune(domain, guestCells.length);
  const memoryBacking = readMemoryBacking(domain);
  return {
    name: required(domain, 'name').text.trim(),
    uuid: childNamed(domain, 'uuid')?.text.trim() ?? null,
    type: requiredAttribute(domain, 'type'),
    ...cpus,
    ...memory,
    iothreads,
    pins,
    numatune,
    guestCells,
    topology: readGuestTopology(domain, cpus.maxVcpus),
    physicalAddress: readPhysicalAddress(domain),
    memoryBacking,
    devices: readHostDevices(domain),
    preallocated: memoryBacking.immediate || memoryBacking.hugePages.length > 0,
    hasPins:
      numatune !== null ||
      cpus.vcpuCpuset !== null ||
      pins.emulator !== null ||
      Object.keys({ ...pins.vcpus, ...pins.iothreads }).length > 0,
  };
}

function readVcpus(domain: XmlElement): Pick<DomainDescription, 'vcpus' | 'maxVcpus' | 'vcpuCpuset'> {
  const element = childNamed(domain, 'vcpu');
  // libvirt: a domain that does not say has one vCPU.
  if (element === undefined) return { vcpus: 1, maxVcpus: 1, vcpuCpuset: null };
  const maxVcpus = wholeNumber(element.text, '<vcpu>', 1);
  const current = attributeOf(element, 'current');
  const vcpus = current === undefined ? maxVcpus : wholeNumber(current, 'current of <vcpu>', 1);
  if (vcpus > maxVcpus)
    throw new DomainXmlError(
      `<vcpu> in the domain XML starts ${counted(vcpus, 'vCPU')} of at most ${maxVcpus}; lower current or raise the number.`,
    );
  const cpuset = attributeOf(element, 'cpuset');
  return {
    vcpus,
    maxVcpus,
    vcpuCpuset: cpuset === undefined ? null : cpuSet(cpuset, 'The cpuset of <vcpu>').toString(),
  };
}

function readMemory(
  domain: XmlElement,
): Pick<DomainDescription, 'memoryKiB' | 'memoryMiB' | 'deviceMemoryKiB'> {
  const element = required(domain, 'memory');
  const size = memoryKiB(element, element.text);
  const sizes = elementsAt(domain, 'devices', 'memory', 'target', 'size');
  return {
    memoryKiB: size,
    memoryMiB: Math.ceil(size / 1024),
    deviceMemoryKiB: sizes.reduce((sum, part) => sum + memoryKiB(part, part.text), 0),
  };
}

/** libvirt numbers the iothreads that `<iothreadids>` leaves open from 1 on, skipping those that are taken. */
function readIothreads(domain: XmlElement): readonly number[] {
  const ids = childrenNamed(domain, 'iothreadids')
    .flatMap(list => childrenNamed(list, 'iothread'))
    .map(element => wholeNumber(requiredAttribute(element, 'id'), 'The id of <iothread>', 1));
  const taken = new Set(ids);
  if (taken.size < ids.length)
    throw new DomainXmlError(`The domain XML gives one id to two iothreads (${ids.join(', ')}).`);
  const element = childNamed(domain, 'iothreads');
  const count = element === undefined ? ids.length : wholeNumber(element.text, '<iothreads>');
  for (let id = 1; taken.size < count; id += 1) taken.add(id);
  return CpuSet.of(taken).toArray();
}

function required(domain: XmlElement, name: string): XmlElement {
  const element = childNamed(domain, name);
  if (element === undefined) throw new DomainXmlError(`The domain XML has no <${name}>.`);
  return element;
}
