import type { Placement } from '../../domain/decision.ts';
import type { Edit } from '../xml/edits.ts';
import { editContainer, insertAfter } from '../xml/edit-container.ts';
import type { Fragment } from '../xml/fragment.ts';
import type { Layout } from '../xml/layout.ts';
import { childrenNamed, type XmlElement } from '../xml/xml-element.ts';
import type { DomainDescription } from './domain-description.ts';

/** What a placement does not say by itself. */
export interface SpliceOptions {
  /**
   * The emulator threads get `emulator.atStart` instead of `emulator.cpus`: for the launch of a guest whose
   * memory is touched at once, where QEMU needs one CPU of every memory cell (libvirt's thread contexts).
   */
  readonly atStart?: boolean;
  /** The guest's memory must not be swapped (`hw:locked_memory`); realtime guests are locked anyway. */
  readonly lockedMemory?: boolean;
  /** `hw:maxphysaddr_*`; absent leaves the domain's own. */
  readonly physicalAddress?: { readonly mode: string; readonly bits: number | null } | null;
  /** The node's base page size; pages of this size are no large pages. Default 4. */
  readonly basePageKiB?: number;
}

/** A domain, what is to be written into it, and how it is laid out. */
export interface SpliceTask extends ShapeTask {
  readonly placement: Placement;
}

/** The part of it that shapes what the guest sees of its CPUs and memory. */
export interface ShapeTask {
  readonly root: XmlElement;
  readonly layout: Layout;
  readonly domain: DomainDescription;
  /** Topology null = left as it is. */
  readonly placement: Pick<Placement, 'cells'> & { readonly topology: Placement['topology'] | null };
  readonly options: SpliceOptions;
}

/** The order in which libvirt itself writes the elements of a domain, as far as one of ours may follow them. */
const ORDER = [
  ...['name', 'uuid', 'genid', 'title', 'description', 'metadata', 'maxMemory', 'memory', 'currentMemory'],
  ...['blkiotune', 'memtune', 'memoryBacking', 'vcpu', 'vcpus', 'iothreads', 'iothreadids'],
  ...['defaultiothread', 'cputune', 'numatune', 'resource', 'sysinfo', 'bootloader', 'bootloader_args'],
  ...['os', 'idmap', 'features', 'cpu'],
];

/**
 * Replaces our children in all elements of this name, which libvirt reads as if they were one: the new ones come
 * where the first of the old stood, else into the first such element, else into a new one.
 */
export function spliceElement(
  task: SpliceTask,
  name: string,
  change: {
    readonly own: readonly string[];
    readonly put: readonly Fragment[];
    readonly append?: readonly Fragment[];
  },
): Edit[] {
  const containers = childrenNamed(task.root, name);
  const ownOf = (container: XmlElement) =>
    container.children.filter(child => change.own.includes(child.name));
  const home = containers.find(container => ownOf(container).length > 0) ?? containers[0];
  const { put, append = [] } = change;
  if (home === undefined)
    return put.length + append.length === 0
      ? []
      : [insertElement(task, { name, children: [...append, ...put] })];
  return containers.flatMap(container =>
    editContainer(
      container,
      container === home ? { remove: ownOf(container), put, append } : { remove: ownOf(container), put: [] },
      task.layout,
    ),
  );
}

/** The edit that adds an element to the domain, behind the nearest of those that libvirt writes before it. */
export function insertElement(task: ShapeTask, fragment: Fragment): Edit {
  const before = ORDER.slice(0, ORDER.indexOf(fragment.name)).reverse();
  const anchor = before.map(name => childrenNamed(task.root, name).at(-1)).find(found => found !== undefined);
  // A described domain has a name and a memory, so there is an anchor.
  return insertAfter(anchor!, fragment, task.layout);
}
