import type { HugePages } from './memory-arguments.ts';
import { PveError } from './pve-error.ts';
import type { PveMachine } from './pve-machine.ts';

/**
 * Huge pages as QemuServer/Memory.pm takes them at a start: what a cell's pool lacks is added to it, and what QEMU has
 * taken is marked for removal once it runs, so that the pages are gone with QEMU (unless `keephugepages`).
 */
export type PoolSizes = readonly number[];

/** Makes the pools large enough; answers their sizes before. A kernel that cannot is the end of the start. */
export function reserveHugePages(machine: PveMachine, { sizeKiB, cells }: HugePages): PoolSizes {
  const before = cells.map(({ hostCell }) => number(machine, path(hostCell, sizeKiB, 'nr_hugepages')));
  for (const [index, { hostCell, pages }] of cells.entries()) {
    const missing = pages - number(machine, path(hostCell, sizeKiB, 'free_hugepages'));
    if (missing <= 0) continue;
    machine.write(path(hostCell, sizeKiB, 'nr_hugepages'), String(before[index]! + missing));
    if (number(machine, path(hostCell, sizeKiB, 'nr_hugepages')) < before[index]! + missing) {
      resetHugePages(machine, { sizeKiB, cells }, before);
      throw new PveError('start failed: hugepage allocation failed');
    }
  }
  return before;
}

/** Puts the pools back after a start that failed. */
export function resetHugePages(machine: PveMachine, { sizeKiB, cells }: HugePages, before: PoolSizes): void {
  for (const [index, { hostCell }] of cells.entries())
    machine.write(path(hostCell, sizeKiB, 'nr_hugepages'), String(before[index]!));
}

/** Takes all free pages out of the pools; those in use follow when they are given back. */
export function releaseHugePages(machine: PveMachine, { sizeKiB, cells }: HugePages): void {
  for (const { hostCell } of cells) machine.write(path(hostCell, sizeKiB, 'nr_hugepages'), '0');
}

function path(cell: number, sizeKiB: number, name: string): string {
  return `/sys/devices/system/node/node${cell}/hugepages/hugepages-${sizeKiB}kB/${name}`;
}

function number(machine: PveMachine, file: string): number {
  return Number(machine.read(file) ?? 0);
}
