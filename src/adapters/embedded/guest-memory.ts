import { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../../formats/text-tree.ts';
import type { DomainFacts, MemoryTuning } from './domain-facts.ts';
import { cpusOfCell, onlineCells } from './hardware.ts';
import { BASE_PAGE_KIB, defaultHugePageKib, freePages, gatherPages, type PageUse } from './page-pools.ts';
import { VirshError } from './virsh-error.ts';

/** One memory backend of QEMU: a guest cell's memory, or all of it. */
export interface MemoryBackend {
  /** null: the guest sees no cells. */
  readonly guestCell: number | null;
  readonly memoryKib: number;
  readonly sizeKib: number;
  readonly tuning: MemoryTuning | null;
  readonly uses: readonly PageUse[];
}

/** What QEMU writes when it dies before its monitor answers, as libvirt reports it. */
function qemuDied(words: string): VirshError {
  return new VirshError(`internal error: qemu unexpectedly closed the monitor: qemu-system-x86_64: ${words}`);
}

/**
 * libvirt's check of cell numbers before it starts QEMU. Recorded: `NUMA node 7 is unavailable`.
 */
export function checkCells(tree: TextTree, facts: DomainFacts): void {
  const online = onlineCells(tree);
  for (const tuning of [facts.numatune, ...facts.memnodes.values()]) {
    const missing = tuning?.nodeset?.minus(online).first;
    if (missing !== undefined)
      throw new VirshError(`unsupported configuration: NUMA node ${missing} is unavailable`);
  }
}

/** The cells that the process may take memory from: those of `<memory>` in the modes that bind it by cgroup. */
export function allowedCells(tree: TextTree, tuning: MemoryTuning | null): CpuSet {
  const binds = tuning?.mode === 'strict' || tuning?.mode === 'restrictive';
  return (binds ? tuning.nodeset : null) ?? onlineCells(tree);
}

/**
 * Takes the guest's memory as QEMU does before it runs, all of it, from the tree's pools. Recorded from libvirt
 * 9.0 with QEMU 7.2:
 * - A backend that is filled at once (huge pages, `immediate`) in mode strict, preferred or interleave gets a
 *   thread context, bound to the CPUs of its cells inside the emulator's CPUs: none there is the end of QEMU.
 * - A page pool that cannot hold it: `unable to map backing store for guest RAM: Cannot allocate memory`.
 * Base pages that the cells do not have are left untouched instead: QEMU takes them only when the guest does.
 */
export function takeMemory(tree: TextTree, facts: DomainFacts, emulatorCpus: CpuSet): MemoryBackend[] {
  const taken: PageUse[] = [];
  return backendsOf(tree, facts).map(backend => {
    const huge = backend.sizeKib !== BASE_PAGE_KIB;
    const near = backend.tuning?.nodeset ?? null;
    const threadContext =
      (huge || facts.immediate) && backend.tuning !== null && backend.tuning.mode !== 'restrictive';
    if (threadContext && near !== null) {
      const cpus = CpuSet.union([...near].map(cell => cpusOfCell(tree, cell)));
      if (!cpus.intersects(emulatorCpus)) throw qemuDied('Setting CPU affinity failed: Invalid argument');
    }
    const pages = Math.ceil(backend.memoryKib / backend.sizeKib);
    const cells = cellOrder(tree, facts, { backend, emulatorCpus });
    const uses = gatherPages(tree, { cells, sizeKib: backend.sizeKib, pages }, taken);
    if (huge && uses.reduce((sum, use) => sum + use.pages, 0) < pages)
      throw qemuDied('unable to map backing store for guest RAM: Cannot allocate memory');
    taken.push(...uses);
    return { ...backend, uses };
  });
}

/** `numa_maps` of a QEMU with these backends: one mapping each, with its policy and where its pages lie. */
export function numaMapsOf(backends: readonly MemoryBackend[]): string {
  return backends
    .map(({ tuning, sizeKib, uses }, index) => {
      const address = (0x7f0000000000 + index * 0x10000000000).toString(16);
      const kind = sizeKib === BASE_PAGE_KIB ? 'anon' : 'file=/dev/hugepages/libvirt/qemu/ram huge dirty';
      const total = uses.reduce((sum, use) => sum + use.pages, 0);
      const places = uses.map(use => ` N${use.cell}=${use.pages}`).join('');
      return `${address} ${policyOf(tuning)} ${kind}=${total}${places} kernelpagesize_kB=${sizeKib}\n`;
    })
    .join('');
}

/** libvirt binds by host-nodes and policy in these modes; restrictive and none leave QEMU the default policy. */
function policyOf(tuning: MemoryTuning | null): string {
  const names: Readonly<Record<string, string>> = {
    strict: 'bind',
    preferred: 'prefer',
    interleave: 'interleave',
  };
  const name = names[tuning?.mode ?? ''];
  return name === undefined || tuning?.nodeset == null ? 'default' : `${name}:${tuning.nodeset.toString()}`;
}

function backendsOf(tree: TextTree, facts: DomainFacts): Omit<MemoryBackend, 'uses'>[] {
  const sizeOf = (guestCell: number) => {
    const page = facts.hugepages?.find(({ guestCells }) => guestCells?.has(guestCell) ?? true);
    if (page === undefined) return BASE_PAGE_KIB;
    const sizeKib = page.sizeKib ?? defaultHugePageKib(tree);
    // libvirt looks for a mount of this size; a kernel without the pool has none.
    if ([...onlineCells(tree)].every(cell => freePages(tree, cell, sizeKib) === null))
      throw new VirshError(`internal error: Unable to find any usable hugetlbfs mount for ${sizeKib} KiB`);
    return sizeKib;
  };
  if (facts.cells.length === 0)
    return [{ guestCell: null, memoryKib: facts.memoryKib, sizeKib: sizeOf(0), tuning: facts.numatune }];
  return facts.cells.map(cell => ({
    guestCell: cell.id,
    memoryKib: cell.memoryKib,
    sizeKib: sizeOf(cell.id),
    tuning: facts.memnodes.get(cell.id) ?? facts.numatune,
  }));
}

/** Where the kernel looks for pages: the bound cells alone, else the preferred or nearest first and then any. */
function cellOrder(
  tree: TextTree,
  facts: DomainFacts,
  { backend, emulatorCpus }: { readonly backend: Omit<MemoryBackend, 'uses'>; readonly emulatorCpus: CpuSet },
): number[] {
  const { tuning } = backend;
  const allowed = allowedCells(tree, facts.numatune);
  if (tuning?.nodeset != null && tuning.mode !== 'preferred') return [...tuning.nodeset];
  const isNear = (cell: number) =>
    tuning?.nodeset?.has(cell) ?? cpusOfCell(tree, cell).intersects(emulatorCpus);
  return [...[...allowed].filter(isNear), ...[...allowed].filter(cell => !isNear(cell))];
}
