import { counted } from '../../domain/counted.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { attributeOf, elementsAt, type XmlElement } from '../xml/xml-element.ts';
import type { DomainCell, GuestTopology } from './domain-description.ts';
import { cpuSet, requiredAttribute, wholeNumber } from './domain-tree.ts';
import { DomainXmlError } from './domain-xml-error.ts';
import { memoryKiB } from './memory-size.ts';

/** The sizes that the guest's cells have to agree with. */
export interface DomainSizes {
  readonly maxVcpus: number;
  /** `<memory>`. */
  readonly memoryKiB: number;
  /** What memory devices add. */
  readonly deviceMemoryKiB: number;
}

/**
 * `<cpu><numa>`: the guest's cells by ascending id.
 * @throws DomainXmlError for ids with gaps, vCPUs in two cells or beyond the last one, and memory that does not
 *   add up to `<memory>` (libvirt would take the cells' sum without a word)
 */
export function readGuestCells(domain: XmlElement, sizes: DomainSizes): readonly DomainCell[] {
  const cells = elementsAt(domain, 'cpu', 'numa', 'cell')
    .map(readCell)
    .sort((a, b) => a.id - b.id);
  const existing = CpuSet.range(0, sizes.maxVcpus - 1);
  let seen = CpuSet.EMPTY;
  cells.forEach((cell, index) => {
    if (cell.id !== index)
      throw new DomainXmlError(
        `The guest cells in the domain XML have the ids ${cells.map(({ id }) => id).join(', ')}; they must count from 0 without a gap or a repetition.`,
      );
    const vcpus = cell.vcpus === '' ? CpuSet.EMPTY : cpuSet(cell.vcpus, 'The cpus of a guest cell');
    if (!vcpus.isSubsetOf(existing))
      throw new DomainXmlError(
        `Guest cell ${index} in the domain XML holds the vCPUs ${cell.vcpus}, but the domain has ${existing.toString()}.`,
      );
    if (vcpus.intersects(seen))
      throw new DomainXmlError(
        `The domain XML puts the vCPUs ${vcpus.intersect(seen).toString()} into two guest cells; each belongs to one.`,
      );
    seen = seen.union(vcpus);
  });
  if (cells.length > 0) checkMemory(cells, sizes);
  return cells;
}

function checkMemory(cells: readonly DomainCell[], sizes: DomainSizes): void {
  const sum = cells.reduce((total, cell) => total + cell.memoryKiB, 0);
  if (sum === sizes.memoryKiB || sum + sizes.deviceMemoryKiB === sizes.memoryKiB) return;
  throw new DomainXmlError(
    `The guest cells in the domain XML have ${sum} KiB together, but <memory> says ${sizes.memoryKiB} KiB; make them equal, since libvirt would take the cells' sum without a word.`,
  );
}

function readCell(element: XmlElement, index: number): DomainCell {
  const cpus = attributeOf(element, 'cpus');
  return {
    id: wholeNumber(attributeOf(element, 'id') ?? String(index), 'The id of a guest cell'),
    vcpus: cpus === undefined ? '' : cpuSet(cpus, 'The cpus of a guest cell').toString(),
    memoryKiB: memoryKiB(element, requiredAttribute(element, 'memory')),
    access: attributeOf(element, 'memAccess') ?? null,
  };
}

/** `<cpu><topology>`; refused when it does not multiply to the number of vCPUs, as libvirt does. */
export function readGuestTopology(domain: XmlElement, maxVcpus: number): GuestTopology | null {
  const [element] = elementsAt(domain, 'cpu', 'topology');
  if (element === undefined) return null;
  const part = (name: string) => wholeNumber(attributeOf(element, name) ?? '1', `${name} of <topology>`, 1);
  const topology = {
    sockets: part('sockets'),
    dies: part('dies'),
    clusters: part('clusters'),
    cores: part('cores'),
    threads: part('threads'),
  };
  const product = Object.values(topology).reduce((total, count) => total * count, 1);
  if (product !== maxVcpus)
    throw new DomainXmlError(
      `<topology> in the domain XML makes ${counted(product, 'vCPU')}, but <vcpu> says ${maxVcpus}; make them equal.`,
    );
  return topology;
}

/** `<cpu><maxphysaddr>`: how many address bits the guest sees. */
export function readPhysicalAddress(domain: XmlElement): { mode: string; bits: number | null } | null {
  const [element] = elementsAt(domain, 'cpu', 'maxphysaddr');
  if (element === undefined) return null;
  const bits = attributeOf(element, 'bits');
  return {
    mode: requiredAttribute(element, 'mode'),
    bits: bits === undefined ? null : wholeNumber(bits, 'bits of <maxphysaddr>', 1),
  };
}
