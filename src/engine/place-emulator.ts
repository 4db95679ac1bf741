import type { CellModel } from './cell-model.ts';
import type { CoreTable } from './core-table.ts';
import type { GuestNeed } from './guest-need.ts';
import type { HostModel } from './host-model.ts';

/**
 * The pool CPU of this host cell that a guest's emulator threads may join, or -1: the fullest that has room for
 * one more (guests on it + 1 ≤ ratio), lowest number first, so that pools empty out and shrink. A CPU promised
 * to one guest alone is never joined. A guest with thread policy isolate joins only where the rest of the core
 * carries pool CPUs too, is kept idle by a guest like it, or is free and serves no floating vCPUs, because that
 * core must be used by nothing else.
 */
export function joinablePoolCpu(model: HostModel, cell: CellModel, guest: GuestNeed): number {
  if (!guest.emulatorCpu || model.policy.emulatorRatio <= 1) return -1;
  let best = -1;
  let most = 0;
  for (const [cpu, load] of model.usage.poolCpus) {
    if (load.exclusive || load.guests + 1 > model.policy.emulatorRatio || !cell.cpus.has(cpu)) continue;
    if (!model.policy.dedicated.has(cpu)) continue;
    if (guest.wish.threads === 'isolate' && !isPoolCore(model, cell.cores, cpu)) continue;
    if (load.guests > most || (load.guests === most && cpu < best)) [best, most] = [cpu, load.guests];
  }
  return best;
}

function isPoolCore(model: HostModel, cores: CoreTable, cpu: number): boolean {
  const core = cores.members.findIndex(members => members.includes(cpu));
  if (core < 0) return false;
  for (const other of cores.members[core]!) {
    if (model.usage.poolCpus.has(other) || model.usage.burnt.has(other)) continue;
    if (model.usage.cpus.has(other) || model.policy.shared.has(other)) return false;
  }
  return true;
}

/**
 * The CPU of `emulator_pin_set` for a guest on these host cells, or -1 when each carries as many guests as the
 * ratio allows: (on a cell of the guest, nearest, least loaded, lowest number) first.
 */
export function staticEmulatorCpu(model: HostModel, hostCells: readonly number[]): number {
  const n = model.cells.length;
  let best = -1;
  let bestKey = Infinity;
  for (const pin of model.emulatorPins) {
    if (pin.load.guests + 1 > model.policy.emulatorRatio) continue;
    let near = 65535;
    if (pin.cell >= 0)
      for (const cell of hostCells)
        near = Math.min(near, cell === pin.cell ? 0 : model.distances[cell * n + pin.cell]!);
    const key = near * 65536 + Math.min(65535, pin.load.guests);
    if (key < bestKey) [best, bestKey] = [pin.cpu, key];
  }
  return best;
}
