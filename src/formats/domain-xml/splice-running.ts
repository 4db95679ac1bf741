import { parseCpuList } from '../../domain/cpu-list.ts';
import type { PlacedCell, Placement } from '../../domain/decision.ts';
import { applyEdits } from '../xml/edits.ts';
import { layoutOf } from '../xml/layout.ts';
import { childNamed } from '../xml/xml-element.ts';
import { checkPlacement } from './check-placement.ts';
import type { DomainDescription } from './domain-description.ts';
import { readDomainTree } from './domain-tree.ts';
import { DomainXmlError } from './domain-xml-error.ts';
import { describeDomain } from './read-domain.ts';
import { spliceCputune } from './splice-cputune.ts';
import { spliceNumatune } from './splice-numatune.ts';
import type { SpliceTask } from './splice-task.ts';
import { spliceVcpu } from './splice-vcpu.ts';

/** The base page size of x86 and of most others, KiB. */
const BASE_PAGE_KIB = 4;

/**
 * Writes a placement into the XML of a guest that already runs elsewhere and comes here as it is: only `<cputune>`,
 * `<numatune>` and the cpuset of `<vcpu>`, which the guest does not see. A placement that would change its cells or its pages
 * is refused, because libvirt would refuse the migration, or QEMU end in the middle of it.
 * @throws DomainXmlError when the domain cannot be read or is not the guest that was placed
 */
export function spliceRunning(xml: string, placement: Placement): string {
  const root = readDomainTree(xml);
  const domain = describeDomain(root);
  checkPlacement(domain, placement);
  checkShape(domain, placement);
  const task: SpliceTask = {
    root,
    layout: layoutOf(xml, root, childNamed(root, 'name')!),
    domain,
    // Memory is bound cell by cell only where the guest has cells.
    placement: domain.guestCells.length === 0 ? { ...placement, cells: [] } : placement,
    options: { atStart: true },
  };
  return applyEdits(xml, [...spliceVcpu(task), ...spliceCputune(task), ...spliceNumatune(task)]);
}

function checkShape(domain: DomainDescription, { cells }: Placement): void {
  const { guestCells, name } = domain;
  const has = Math.max(1, guestCells.length);
  if (cells.length !== has)
    throw new DomainXmlError(
      `The placement has ${cells.length} guest cells, but ${name} runs with ${has}, which only a cold start changes: stop it and start it on the other host.`,
    );
  for (const cell of cells) {
    const own = guestCells.find(({ id }) => id === cell.guestCell);
    if (own !== undefined && !isSameCell(cell, own, domain))
      throw new DomainXmlError(
        `Guest cell ${cell.guestCell} of ${name} has vCPUs ${own.vcpus} and ${own.memoryKiB / 1024} MiB, but the placement gives it vCPUs ${cell.vcpus} and ${cell.memoryMiB} MiB, which only a cold start changes: stop it and start it on the other host.`,
      );
    const pages = pageSizeOf(domain, cell.guestCell);
    const placed = Math.max(cell.pageSizeKiB ?? BASE_PAGE_KIB, BASE_PAGE_KIB);
    if (pages !== null && pages !== placed)
      throw new DomainXmlError(
        `The memory of ${name} is made of ${pages} KiB pages, but the placement takes ${placed} KiB pages, which only a cold start changes: stop it and start it on the other host.`,
      );
  }
}

/** vCPUs that may be plugged in later belong to a cell without being placed. */
function isSameCell(
  cell: PlacedCell,
  own: DomainDescription['guestCells'][number],
  { maxVcpus, vcpus }: DomainDescription,
): boolean {
  const placed = parseCpuList(cell.vcpus);
  const has = parseCpuList(own.vcpus);
  const sameCpus = maxVcpus > vcpus ? placed.isSubsetOf(has) : placed.toString() === has.toString();
  return sameCpus && cell.memoryMiB * 1024 === own.memoryKiB;
}

/** KiB of the pages that a guest cell's memory is made of; null = the host's default size, which the XML does not say. */
export function pageSizeOf({ memoryBacking }: DomainDescription, guestCell: number): number | null {
  const { hugePages } = memoryBacking;
  const found =
    hugePages.find(({ cells }) => cells !== null && parseCpuList(cells).has(guestCell)) ??
    hugePages.find(({ cells }) => cells === null);
  return found === undefined ? BASE_PAGE_KIB : found.sizeKiB;
}
