import type { CpuList } from '../../domain/host-topology.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { attributeOf, elementsAt, type XmlElement } from '../xml/xml-element.ts';
import type { DomainPins, VcpuScheduler } from './domain-description.ts';
import { cpuSet, requiredAttribute, wholeNumber } from './domain-tree.ts';
import { DomainXmlError } from './domain-xml-error.ts';

/**
 * The pins of all `<cputune>` elements together, as libvirt merges them.
 * @throws DomainXmlError where two contradict each other or one names a thread that the domain does not have
 */
export function readPins(domain: XmlElement, maxVcpus: number, iothreads: readonly number[]): DomainPins {
  const vcpus = CpuSet.range(0, maxVcpus - 1);
  const emulator = elementsAt(domain, 'cputune', 'emulatorpin');
  if (emulator.length > 1) throw duplicate('emulatorpin', 'the emulator threads');
  return {
    vcpus: pinsByNumber(domain, 'vcpupin', 'vcpu', vcpus),
    emulator:
      emulator[0] === undefined
        ? null
        : cpuSet(requiredAttribute(emulator[0], 'cpuset'), 'The cpuset of <emulatorpin>').toString(),
    iothreads: pinsByNumber(domain, 'iothreadpin', 'iothread', CpuSet.of(iothreads)),
    schedulers: readSchedulers(domain, vcpus),
  };
}

function pinsByNumber(
  domain: XmlElement,
  tag: 'vcpupin' | 'iothreadpin',
  attribute: 'vcpu' | 'iothread',
  existing: CpuSet,
): Readonly<Record<string, CpuList>> {
  const word = attribute === 'vcpu' ? 'vCPU' : 'iothread';
  const pins: Record<string, CpuList> = {};
  for (const element of elementsAt(domain, 'cputune', tag)) {
    const id = wholeNumber(requiredAttribute(element, attribute), `The ${attribute} of <${tag}>`);
    if (!existing.has(id))
      throw new DomainXmlError(
        `<${tag}> in the domain XML pins ${word} ${id}, but the domain has ${existing.isEmpty ? `no ${word}` : `${word} ${existing.toString()}`} only; take that pin out.`,
      );
    if (pins[id] !== undefined) throw duplicate(tag, `${word} ${id}`);
    pins[id] = cpuSet(requiredAttribute(element, 'cpuset'), `The cpuset of ${word} ${id}`).toString();
  }
  return pins;
}

function readSchedulers(domain: XmlElement, existing: CpuSet): readonly VcpuScheduler[] {
  let seen = CpuSet.EMPTY;
  return elementsAt(domain, 'cputune', 'vcpusched').map(element => {
    const vcpus = cpuSet(requiredAttribute(element, 'vcpus'), 'The vcpus of <vcpusched>');
    if (!vcpus.isSubsetOf(existing))
      throw new DomainXmlError(
        `<vcpusched> in the domain XML names the vCPUs ${vcpus.toString()}, but the domain has ${existing.toString()}.`,
      );
    if (vcpus.intersects(seen)) throw duplicate('vcpusched', `the vCPUs ${vcpus.intersect(seen).toString()}`);
    seen = seen.union(vcpus);
    const priority = attributeOf(element, 'priority');
    return {
      vcpus: vcpus.toString(),
      scheduler: requiredAttribute(element, 'scheduler'),
      priority: priority === undefined ? null : wholeNumber(priority, 'The priority of <vcpusched>'),
    };
  });
}

function duplicate(tag: string, what: string): DomainXmlError {
  return new DomainXmlError(
    `The domain XML has more than one <${tag}> for ${what}; keep the one that is meant.`,
  );
}
