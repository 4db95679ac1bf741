import { CpuSet } from '../../../domain/cpu-set.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';
import type { ConfigChanges } from '../../../formats/proxmox/edit-vm-config.ts';
import { MAX_GUEST_CELLS, printNumaCell } from '../../../formats/proxmox/numa-cell.ts';
import { configCells } from '../policy/config-cells.ts';
import type { ShapeCells } from './guest-shape.ts';

/** What of a guest the configuration decides. */
export interface WantedShape {
  readonly cells: ShapeCells;
  /** By guest cell; null: none are named. */
  readonly hostCells: readonly number[] | null;
  /** `2` or `1024` (MiB), or null. */
  readonly hugepages: string | null;
}

/** Whether the configuration shows the one cell on base pages that is wanted, however it says so. */
export function keepsShape({ cells, hugepages }: WantedShape, config: GuestConfig): boolean {
  return (
    cells.length === 1 && hugepages === null && config.hugepages === null && configCells(config).length === 1
  );
}

/**
 * The keys that give a guest this shape. One cell on base pages needs none of them; huge pages need `numa` and a host cell
 * for each guest cell (qemu-server, Memory.pm: without one, guest cell i would lie on host cell i).
 */
export function shapeKeys({ cells, hostCells, hugepages }: WantedShape): ConfigChanges {
  const named = cells.length > 1 || hugepages !== null;
  const keys: Record<string, string | null> = { numa: named ? '1' : null, hugepages };
  for (let guestCell = 0; guestCell < MAX_GUEST_CELLS; guestCell += 1) {
    const cell = named ? cells[guestCell] : undefined;
    const host = hostCells?.[guestCell];
    keys[`numa${guestCell}`] =
      cell === undefined
        ? null
        : printNumaCell({
            guestCell,
            vcpus: cell.vcpus,
            memoryMiB: cell.memoryMiB,
            hostCells: host === undefined ? null : CpuSet.of([host]),
            policy: host === undefined ? null : 'bind',
          });
  }
  return keys;
}
