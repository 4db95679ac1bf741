import { CpuSet } from '../../domain/cpu-set.ts';
import type { GuestConfig } from '../../formats/proxmox/guest-config.ts';

/**
 * The host cells that QEMU will bind each guest cell to, because the config says so: that was read before the hook is
 * called, so this start cannot have others (qemu-server, Memory.pm). null = it binds none.
 *
 * - `numaN: …,hostnodes=A[-B][;…]`, with `numa: 1`;
 * - huge pages without numaN: guest cell i, one for each socket, lies on host cell i.
 */
export function settledCells(config: GuestConfig): readonly (readonly number[])[] | null {
  if (!config.numa) return null;
  const named = config.cells.map(({ hostCells }) => hostCells?.toArray() ?? []);
  if (named.length > 0) return named.every(cells => cells.length > 0) ? named : null;
  return config.hugepages === null ? null : Array.from({ length: config.sockets }, (_, cell) => [cell]);
}

/** All cells that are settled, in the kernel's list syntax. */
export function cellsInList(cells: readonly (readonly number[])[]): string {
  return CpuSet.of(cells.flat()).toString();
}
