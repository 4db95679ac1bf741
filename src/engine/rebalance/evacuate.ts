import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { CellModel } from '../cell-model.ts';
import type { RunningGuest, RunningHost } from '../running-host.ts';
import { redoSteps, undoSteps, type RoomMade } from './carry-out.ts';
import { compactCells } from './compact-cells.ts';
import type { MoveRules } from './move-rules.ts';
import { relocateBy } from './relocate.ts';
import { stepCostMiB, type Step } from './step.ts';

/** Guests that leave one cell at most. */
const MOST_STEPS = 64;

/**
 * Room for a newcomer of one cell where it takes more guests to leave than an exact search can try: from one cell after the
 * other guests leave, the least memory for each CPU first, each to the fullest cell that takes it, until the newcomer fits.
 * Cells on which half-used cores are in the way are mended at the end. The cheapest cell wins, and among equals the first;
 * the steps have been taken on the host. null = none; the host is then as before.
 */
export function evacuate(host: RunningHost, spec: GuestSpec, rules: MoveRules): RoomMade | null {
  if (spec.cells.length !== 1) return null;
  let best: RoomMade | null = null;
  for (const { id } of host.model.cells) {
    if (!(spec.allowedCells?.includes(id) ?? true)) continue;
    const most = Math.min(rules.mostMiB, best === null ? Infinity : best.costMiB - 1);
    const made = emptyCell(host, { ...spec, allowedCells: [id] }, { rules, most, cell: id });
    if (made === null) continue;
    undoSteps(host, made.steps);
    best = { ...made, newcomer: { ...made.newcomer, spec } };
  }
  if (best !== null) redoSteps(host, best.steps);
  return best;
}

function emptyCell(
  host: RunningHost,
  spec: GuestSpec,
  { rules, most, cell }: { readonly rules: MoveRules; readonly most: number; readonly cell: number },
): RoomMade | null {
  const steps: Step[] = [];
  let left = most;
  let newcomer = offered(host, spec);
  for (const vm of newcomer === null ? leavers(host, rules, cell) : []) {
    const guest = host.guests.get(vm)!;
    const to = guest.spec.memoryMiB > left ? null : elsewhere(host, rules, { guest, cell });
    if (to === null) continue;
    host.put(to);
    steps.push({ from: guest, to });
    left -= stepCostMiB({ from: guest, to });
    newcomer = offered(host, spec);
    if (newcomer !== null || steps.length >= MOST_STEPS) break;
  }
  const done = () => (newcomer = offered(host, spec)) !== null;
  if (newcomer === null) steps.push(...compactCells(host, [cell], { done, rules }));
  if (newcomer !== null)
    return { steps, newcomer, costMiB: steps.reduce((sum, step) => sum + stepCostMiB(step), 0) };
  undoSteps(host, steps);
  return null;
}

function offered(host: RunningHost, spec: GuestSpec): RunningGuest | null {
  const offer = host.offer(spec);
  return offer.ok ? offer.guest : null;
}

/** Guests that can leave the cell, the least memory for each CPU first, then by name. */
function leavers(host: RunningHost, rules: MoveRules, cell: number): readonly string[] {
  const price = ({ spec, placement }: RunningGuest) => spec.memoryMiB / Math.max(0.25, placement.cost.total);
  return [...host.guests.values()]
    .filter(
      guest =>
        guest.placement.cells.length === 1 &&
        guest.placement.cells[0]!.hostCell === cell &&
        guest.placement.devices.length === 0 &&
        rules.mayMove(guest),
    )
    .sort((a, b) => price(a) - price(b) || (a.spec.vm < b.spec.vm ? -1 : 1))
    .map(guest => guest.spec.vm);
}

function elsewhere(
  host: RunningHost,
  rules: MoveRules,
  { guest, cell }: { readonly guest: RunningGuest; readonly cell: number },
): RunningGuest | null {
  const free = ({ cores }: CellModel) => cores.freeTotal;
  const targets = host.model.cells
    .filter(({ id }) => id !== cell && (guest.spec.allowedCells?.includes(id) ?? true))
    .filter(target => free(target) >= guest.placement.cost.dedicated)
    .sort((a, b) => free(a) - free(b) || a.id - b.id);
  for (const { id } of targets) {
    const to = relocateBy(rules, host, { guest, cells: [id] });
    if (to !== null) return to;
  }
  return null;
}
