import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import type { DomainDescription } from './domain-description.ts';
import { readDomain } from './read-domain.ts';
import { pageSizeOf } from './splice-running.ts';

/** Options that say how many cells the guest sees, in both spellings, or leave it to the engine. */
const OF_CELLS = /^hw[:_]numa_(?:nodes|cpus\.\d+|mem\.\d+)$|^pinfold:auto_numa$/;
const OF_PAGES = /^hw[:_]mem_page_size$/;

/**
 * What a guest asks for when it moves while it runs: all that it asked for at its start, but with the vCPUs, the memory, the
 * guest cells and the page size that it has now, since none of these can change under it.
 * @throws DomainXmlError when the domain cannot be read
 */
export function requestAsRunning(request: PlacementRequest, xml: string): PlacementRequest {
  const domain = readDomain(xml);
  const { extraSpecs = {}, imageProperties = {} } = request;
  const asked = Object.keys({ ...extraSpecs, ...imageProperties });
  return {
    ...request,
    vm: domain.name,
    vcpus: domain.vcpus,
    memoryMiB: Math.ceil((domain.memoryKiB - domain.deviceMemoryKiB) / 1024),
    iothreads: domain.iothreads.length,
    extraSpecs: {
      ...without(extraSpecs),
      ...cellsOf(
        domain,
        asked.some(key => OF_CELLS.test(key)),
      ),
      ...pagesOf(
        domain,
        asked.some(key => OF_PAGES.test(key)),
      ),
    },
    imageProperties: without(imageProperties),
  };
}

function without(options: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(options).filter(([key]) => !OF_CELLS.test(key) && !OF_PAGES.test(key)),
  );
}

/** A guest that sees one cell, or none, is placed on one; nobody has to have asked for that. */
function cellsOf(domain: DomainDescription, asked: boolean): Readonly<Record<string, string>> {
  const { guestCells, vcpus } = domain;
  if (guestCells.length < 2) return asked ? { 'hw:numa_nodes': '1' } : {};
  const there = CpuSet.range(0, vcpus - 1);
  return Object.fromEntries([
    ['hw:numa_nodes', `${guestCells.length}`],
    ...guestCells.flatMap((cell, index) => [
      [`hw:numa_cpus.${index}`, parseCpuList(cell.vcpus).intersect(there).toString()],
      [`hw:numa_mem.${index}`, `${cell.memoryKiB / 1024}`],
    ]),
  ]) as Readonly<Record<string, string>>;
}

/**
 * One size for the whole guest, as Nova knows it. Where its cells have pages of different sizes, the largest is asked for and
 * the placement is refused later, by name, when a cell would get another.
 */
function pagesOf(domain: DomainDescription, asked: boolean): Readonly<Record<string, string>> {
  const cells = domain.guestCells.length === 0 ? [0] : domain.guestCells.map(({ id }) => id);
  const sizes = cells.map(cell => pageSizeOf(domain, cell));
  const known = sizes.filter(size => size !== null);
  if (domain.memoryBacking.hugePages.length === 0) return asked ? { 'hw:mem_page_size': 'small' } : {};
  return { 'hw:mem_page_size': known.length === 0 ? 'large' : `${Math.max(...known)}` };
}
