import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { RunningGuest, RunningHost } from '../running-host.ts';
import { compactCells } from './compact-cells.ts';
import type { MoveSet } from './find-moves.ts';
import type { MoveRules } from './move-rules.ts';
import { relocateBy } from './relocate.ts';
import { stepCostMiB, type Step } from './step.ts';

/** Steps that let a newcomer in, in the order in which each is valid, and where it then goes. */
export interface RoomMade {
  readonly steps: readonly Step[];
  readonly newcomer: RunningGuest;
  readonly costMiB: number;
}

/** Guests that may be put aside to break a circle of guests that wait for each other's place. */
const MOST_DETOURS = 2;

/**
 * Carries out a set of moves on the host, one guest at a time, and asks for the newcomer's place. The host is
 * as before when it answers null.
 *
 * 1. Each guest that still has to move and whose new cells take it now, moves; where they would take it but for
 *    half-used cores, guests of those cells are re-pinned first.
 * 2. When none can, the one with the least memory is put on another cell for the time being (a circle is broken).
 * 3. The newcomer is placed; half-used cores of its cells are mended first where that helps.
 */
export function carryOut(
  host: RunningHost,
  set: MoveSet,
  { spec, rules }: { readonly spec: GuestSpec; readonly rules: MoveRules },
): RoomMade | null {
  const trip = new Trip(host, rules);
  if (trip.moveAll(set)) {
    const newcomer = trip.place(spec, set);
    if (newcomer !== null) return { steps: trip.steps, newcomer, costMiB: costOf(trip.steps) };
  }
  trip.undo();
  return null;
}

/** Takes steps back, the last one first. */
export function undoSteps(host: RunningHost, steps: readonly Step[]): void {
  for (const step of [...steps].reverse()) host.put(step.from);
}

/** Takes steps that were taken back once more. */
export function redoSteps(host: RunningHost, steps: readonly Step[]): void {
  for (const step of steps) host.put(step.to);
}

function costOf(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + stepCostMiB(step), 0);
}

class Trip {
  readonly steps: Step[] = [];
  readonly #host: RunningHost;
  readonly #rules: MoveRules;

  constructor(host: RunningHost, rules: MoveRules) {
    this.#host = host;
    this.#rules = rules;
  }

  undo(): void {
    undoSteps(this.#host, this.steps);
  }

  moveAll({ moves }: MoveSet): boolean {
    let pending = moves.map(move => ({ vm: move.vm, cells: this.#ids(move.seat) }));
    let detours = MOST_DETOURS;
    while (pending.length > 0) {
      const left = pending.filter(move => !this.#move(move));
      if (left.length === pending.length) {
        if (detours === 0 || !left.some(move => this.#putAside(move))) return false;
        detours -= 1;
      }
      pending = left;
    }
    return true;
  }

  place(spec: GuestSpec, { newcomer }: MoveSet): RunningGuest | null {
    let found = this.#offered(spec);
    const fits = () => (found = this.#offered(spec)) !== null;
    if (found === null) this.steps.push(...this.#compact(this.#ids(newcomer), fits));
    return found;
  }

  #offered(spec: GuestSpec): RunningGuest | null {
    const offer = this.#host.offer(spec);
    return offer.ok ? offer.guest : null;
  }

  #move(move: { readonly vm: string; readonly cells: readonly number[] }): boolean {
    const guest = this.#host.guests.get(move.vm)!;
    let next = this.#place(guest, move.cells);
    if (next === null) {
      const fits = () => (next = this.#place(this.#host.guests.get(move.vm)!, move.cells)) !== null;
      this.steps.push(...this.#compact(move.cells, fits));
    }
    if (next === null) return false;
    this.#take(next);
    return true;
  }

  #putAside(move: { readonly vm: string; readonly cells: readonly number[] }): boolean {
    const guest = this.#host.guests.get(move.vm)!;
    const home = guest.placement.cells.map(cell => cell.hostCell);
    const elsewhere = this.#host.model.cells.map(cell => cell.id).filter(id => !home.includes(id));
    const asides =
      home.length > 1 ? [elsewhere] : elsewhere.filter(id => !move.cells.includes(id)).map(id => [id]);
    for (const cells of asides) {
      const next = this.#place(guest, cells);
      if (next === null) continue;
      this.#take(next);
      return true;
    }
    return false;
  }

  #place(guest: RunningGuest, cells: readonly number[]): RunningGuest | null {
    return relocateBy(this.#rules, this.#host, { guest, cells });
  }

  #compact(cells: readonly number[], done: () => boolean): readonly Step[] {
    return compactCells(this.#host, cells, { done, rules: this.#rules });
  }

  #take(to: RunningGuest): void {
    this.steps.push({ from: this.#host.guests.get(to.spec.vm)!, to });
    this.#host.put(to);
  }

  #ids(seat: readonly number[]): readonly number[] {
    return seat.map(index => this.#host.model.cells[index]!.id);
  }
}
