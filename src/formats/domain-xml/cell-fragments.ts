import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { PlacedCell } from '../../domain/decision.ts';
import type { Fragment } from '../xml/fragment.ts';
import { attributeOf, childrenNamed, type XmlElement } from '../xml/xml-element.ts';
import { largePageCells } from './splice-memory-backing.ts';
import type { ShapeTask } from './splice-task.ts';

/** What the placement says about a cell; every other attribute and all content may be kept. */
const OWN = ['id', 'cpus', 'memory', 'unit', 'memAccess'];

/**
 * The guest's cells. Distances, caches and attributes that the domain gives to its cells are kept as long as it has
 * the same cells; shared access is set on all cells when one of them uses large pages, as Nova does. vCPUs that may
 * be plugged in later belong to guest cell 0, where libvirt itself would put them.
 */
export function cellFragments(task: ShapeTask, numa: XmlElement | undefined): Fragment[] {
  const old = numa === undefined ? [] : childrenNamed(numa, 'cell');
  const cells = [...task.placement.cells].sort((a, b) => a.guestCell - b.guestCell);
  const placed = CpuSet.union(cells.map(cell => parseCpuList(cell.vcpus)));
  const later = CpuSet.range(0, task.domain.maxVcpus - 1).minus(placed);
  return cells.map((cell, index) => {
    const before = old.length === cells.length ? oldCell(old, index) : undefined;
    const vcpus = parseCpuList(cell.vcpus).union(index === 0 ? later : CpuSet.EMPTY);
    return {
      name: 'cell',
      attributes: {
        id: cell.guestCell,
        cpus: vcpus.isEmpty ? undefined : vcpus.toString(),
        memory: cell.memoryMiB * 1024,
        unit: 'KiB',
        memAccess: accessOf(task, cell, before !== undefined),
      },
      ...(before === undefined ? {} : { kept: keptOf(before, task.layout.source) }),
    };
  });
}

function oldCell(cells: readonly XmlElement[], id: number): XmlElement | undefined {
  return cells.find((cell, index) => Number(attributeOf(cell, 'id') ?? index) === id);
}

/** Shared access that only served large pages which are gone would not start; with a memory source it would. */
function accessOf(task: ShapeTask, cell: PlacedCell, sameCells: boolean): string | undefined {
  if (largePageCells(task).length > 0) return 'shared';
  const { hugePages, source } = task.domain.memoryBacking;
  if (!sameCells || (hugePages.length > 0 && source === null)) return undefined;
  return task.domain.guestCells[cell.guestCell]?.access ?? undefined;
}

function keptOf(cell: XmlElement, source: string): NonNullable<Fragment['kept']> {
  const content = source.slice(cell.openEnd, cell.closeStart);
  return {
    attributes: cell.attributes
      .filter(({ name }) => !OWN.includes(name))
      .map(({ start, end }) => source.slice(start, end)),
    content: cell.selfClosing || content.trim() === '' ? '' : content,
  };
}
