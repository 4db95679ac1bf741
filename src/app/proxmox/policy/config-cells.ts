import { CpuSet } from '../../../domain/cpu-set.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';

/** A NUMA cell that the next start shows the guest. */
export interface ConfigCell {
  readonly vcpus: CpuSet;
  readonly memoryMiB: number;
  /** The host cells that the configuration binds its memory to; null: none. */
  readonly hostCells: CpuSet | null;
}

/**
 * The guest cells that a configuration makes (qemu-server, Memory.pm):
 *
 * 1. without `numa`: one;
 * 2. with `numaN`: those;
 * 3. else one for each socket, vCPUs and memory in equal parts, bound to no host cell.
 */
export function configCells(config: GuestConfig): readonly ConfigCell[] {
  const { numa, cells, sockets, cores, maxVcpus, memoryMiB } = config;
  if (!numa) return [{ vcpus: CpuSet.range(0, maxVcpus - 1), memoryMiB, hostCells: null }];
  if (cells.length > 0)
    return cells.map(cell => ({
      vcpus: cell.vcpus,
      memoryMiB: cell.memoryMiB ?? 0,
      hostCells: cell.hostCells,
    }));
  return Array.from({ length: sockets }, (_, socket) => ({
    vcpus: CpuSet.range(socket * cores, (socket + 1) * cores - 1),
    memoryMiB: Math.floor(memoryMiB / sockets) + (socket === 0 ? memoryMiB % sockets : 0),
    hostCells: null,
  }));
}

/** `2 guest cells (vCPUs 0-3 with 2048 MiB, vCPUs 4-7 with 2048 MiB)`; of one alone `one guest cell`. */
export function describeCells(cells: readonly Pick<ConfigCell, 'vcpus' | 'memoryMiB'>[]): string {
  if (cells.length === 1) return 'one guest cell';
  const parts = cells.map(({ vcpus, memoryMiB }) => `vCPUs ${vcpus.toString()} with ${memoryMiB} MiB`);
  return `${cells.length} guest cells (${parts.join(', ')})`;
}
