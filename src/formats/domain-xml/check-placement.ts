import { counted } from '../../domain/counted.ts';
import type { Placement } from '../../domain/decision.ts';
import type { DomainDescription } from './domain-description.ts';
import { DomainXmlError } from './domain-xml-error.ts';

/**
 * Whether this domain can carry this placement: its vCPUs and iothreads, the topology's product and the sum of the
 * cells' memory must agree, since libvirt ignores or bends what does not.
 * @throws DomainXmlError naming both sides
 */
export function checkPlacement(domain: DomainDescription, placement: Placement): void {
  const pinned = Object.keys(placement.pins).length;
  const pins = Array.from({ length: pinned }, (_, vcpu) => placement.pins[vcpu]);
  if (pinned < domain.vcpus || pinned > domain.maxVcpus || pins.includes(undefined))
    throw new DomainXmlError(
      `The placement pins ${counted(pinned, 'vCPU')}, but <vcpu> of domain ${domain.name} says ${vcpusOf(domain)}; place the domain again.`,
    );
  const { sockets, cores, threads } = placement.topology;
  const product = sockets * cores * threads;
  if (product !== domain.maxVcpus && product !== pinned)
    throw new DomainXmlError(
      `The placement tells the guest of ${counted(sockets, 'socket')}, ${counted(cores, 'core')} and ${counted(threads, 'thread')}, which is not the ${counted(domain.maxVcpus, 'vCPU')} of domain ${domain.name}; place the domain again.`,
    );
  const stranger = Object.keys(placement.iothreads).find(id => !domain.iothreads.includes(Number(id)));
  if (stranger !== undefined)
    throw new DomainXmlError(
      `The placement pins iothread ${stranger}, but domain ${domain.name} has ${domain.iothreads.length === 0 ? 'none' : domain.iothreads.join(', ')}; place the domain again.`,
    );
  checkMemory(domain, placement);
}

function checkMemory(domain: DomainDescription, { cells }: Placement): void {
  if (cells.length === 0) return;
  const sum = cells.reduce((total, cell) => total + cell.memoryMiB, 0);
  const withoutDevices = domain.memoryKiB - domain.deviceMemoryKiB;
  if (sum * 1024 === domain.memoryKiB || sum * 1024 === withoutDevices) return;
  throw new DomainXmlError(
    `The placement gives the guest cells ${sum} MiB together, but <memory> of domain ${domain.name} says ${withoutDevices} KiB (${withoutDevices / 1024} MiB); give the domain a whole number of MiB and place it again.`,
  );
}

function vcpusOf({ vcpus, maxVcpus }: DomainDescription): string {
  return vcpus === maxVcpus ? String(maxVcpus) : `${vcpus} of at most ${maxVcpus}`;
}
