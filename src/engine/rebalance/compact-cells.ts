import type { RunningGuest, RunningHost } from '../running-host.ts';
import { ANY_MOVE, type MoveRules } from './move-rules.ts';
import { relocateBy } from './relocate.ts';
import type { Step } from './step.ts';

/** Guests re-pinned at most in one compaction. */
const MOST_REPINS = 64;

/**
 * Re-pins guests within their cells, which copies no memory, until `done` or until nothing gets better: a re-pin
 * stays when it leaves more whole cores free on these cells (ids), or when `done` is true with it. Guests with few
 * CPUs come first, then those of the lower name. Answers the steps taken; `done` may still be false after them.
 */
export function compactCells(
  host: RunningHost,
  cells: readonly number[],
  { done, rules = ANY_MOVE }: { readonly done: () => boolean; readonly rules?: MoveRules },
): readonly Step[] {
  const steps: Step[] = [];
  if (done()) return steps;
  for (let better = true; better && steps.length < MOST_REPINS; ) {
    better = false;
    for (const guest of guestsOn(host, cells).filter(rules.mayRepin)) {
      const step = repinIfBetter(host, guest, { cells, done, rules });
      if (step === null) continue;
      steps.push(step.step);
      better = true;
      if (step.done || steps.length >= MOST_REPINS) return steps;
    }
  }
  return steps;
}

function guestsOn(host: RunningHost, cells: readonly number[]): readonly RunningGuest[] {
  const size = (guest: RunningGuest) => guest.placement.cost.dedicated;
  return [...host.guests.values()]
    .filter(guest => guest.claim.cells.some(cell => cell.pcpus !== '' && cells.includes(cell.hostCell)))
    .sort((a, b) => size(a) - size(b) || (a.spec.vm < b.spec.vm ? -1 : 1));
}

function repinIfBetter(
  host: RunningHost,
  guest: RunningGuest,
  {
    cells,
    done,
    rules,
  }: { readonly cells: readonly number[]; readonly done: () => boolean; readonly rules: MoveRules },
): { readonly step: Step; readonly done: boolean } | null {
  const home = guest.placement.cells.map(cell => cell.hostCell);
  const next = relocateBy(rules, host, { guest, cells: home });
  if (next === null || next.placement.cells.some((cell, row) => cell.hostCell !== home[row])) return null;
  if (next.claim.cells.every((cell, i) => cell.pcpus === guest.claim.cells[i]?.pcpus)) return null;
  const before = wholeCores(host, cells);
  host.put(next);
  const isDone = done();
  if (isDone || wholeCores(host, cells) > before) return { step: { from: guest, to: next }, done: isDone };
  host.put(guest);
  return null;
}

function wholeCores(host: RunningHost, cells: readonly number[]): number {
  let whole = 0;
  for (const cell of host.model.cells)
    if (cells.includes(cell.id)) for (let i = 0; i < cell.cores.count; i += 1) whole += cell.cores.whole[i]!;
  return whole;
}
