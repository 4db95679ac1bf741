import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { RunningGuest, RunningHost } from '../running-host.ts';
import { carryOut, redoSteps, undoSteps, type RoomMade } from './carry-out.ts';
import { freeNow, newcomerParts, partsOf, resourcesOf, type Part, type Resources } from './cell-loads.ts';
import { evacuate } from './evacuate.ts';
import { findMoves, type Movable, type MoveQuestion, type MoveSet } from './find-moves.ts';
import { ANY_MOVE, type MoveRules } from './move-rules.ts';
import { seatings, type Seating } from './seatings.ts';

/** What the search for room may cost; counted in steps, so that every machine finds the same. */
export interface RoomLimits {
  /** Guests that change cells for one newcomer. */
  readonly moves: number;
  /** Moves tried on paper. */
  readonly steps: number;
  /** Sets of moves tried on the host. */
  readonly trials: number;
  /** Places of one guest that are considered. */
  readonly seatings: number;
}

export const ROOM_LIMITS: RoomLimits = { moves: 5, steps: 5000, trials: 32, seatings: 64 };

/**
 * Finds the cheapest way (memory copied, then steps) to let a newcomer in that does not fit, by re-pinning
 * running guests within their cells and moving them between cells. On success the steps have been taken on the
 * host, the newcomer has not; otherwise the host is as before.
 *
 * 1. Where the host as a whole has too little left, nothing can help.
 * 2. Sets of moves are searched on paper by numbers per cell ({@link findMoves}); none at all comes first: then
 *    re-pinning alone may mend what keeps the newcomer out.
 * 3. Each set is carried out on the host ({@link carryOut}), which decides every place anew, and taken back; the
 *    cheapest is taken again.
 * 4. Where the search ends without one, a whole cell is emptied greedily ({@link evacuate}).
 */
export function makeRoom(
  host: RunningHost,
  spec: GuestSpec,
  { limits = ROOM_LIMITS, rules = ANY_MOVE }: Partial<RoomAsked> = {},
): RoomMade | null {
  const asked = { limits, rules };
  const question = questionOf(host, spec, asked);
  if (question === null) return null;
  const trials = new Trials(host, spec, asked);
  findMoves(question, limits, set => trials.run(set));
  if (trials.best === null) return evacuate(host, spec, rules);
  redoSteps(host, trials.best.steps);
  return trials.best;
}

/** How far the search goes, and what it may do. */
export interface RoomAsked {
  readonly limits: RoomLimits;
  readonly rules: MoveRules;
}

/** Carries sets of moves out and takes them back, as often as allowed, and keeps the cheapest. */
class Trials {
  best: RoomMade | null = null;
  readonly #host: RunningHost;
  readonly #spec: GuestSpec;
  readonly #rules: MoveRules;
  #left: number;

  constructor(host: RunningHost, spec: GuestSpec, { limits, rules }: RoomAsked) {
    this.#host = host;
    this.#spec = spec;
    this.#rules = rules;
    this.#left = limits.trials;
  }

  /** MiB that the set copies in the end, or null when it cannot be carried out or nothing may be tried any more. */
  run(set: MoveSet): number | null {
    if (this.#left === 0) return null;
    this.#left -= 1;
    const made = carryOut(this.#host, set, { spec: this.#spec, rules: this.#rules });
    if (made === null) return null;
    undoSteps(this.#host, made.steps);
    if (made.costMiB > this.#rules.mostMiB) return null;
    if (this.best === null || compareRoom(made, this.best) < 0) this.best = made;
    return made.costMiB;
  }
}

/** Negative when `left` is the better one: less memory copied, then fewer steps. */
function compareRoom(left: RoomMade, right: RoomMade): number {
  return left.costMiB - right.costMiB || left.steps.length - right.steps.length;
}

function questionOf(host: RunningHost, spec: GuestSpec, { limits, rules }: RoomAsked): MoveQuestion | null {
  const { model } = host;
  if (spec.cells.length > model.cells.length) return null;
  const resources = resourcesOf(model);
  const free = freeNow(model, resources);
  const allowed = model.cells.flatMap((cell, index) =>
    (spec.allowedCells?.includes(cell.id) ?? true) ? [index] : [],
  );
  const variants = newcomerParts(model, resources, spec).filter(parts => addsUp(resources, free, parts));
  const newcomers = variants.flatMap(parts =>
    seatings(parts, allowed, limits.seatings).map(seat => ({ parts, seat })),
  );
  if (newcomers.length === 0) return null;
  const guests = [...host.guests.values()]
    .filter(guest => guest.placement.devices.length === 0 && rules.mayMove(guest))
    .map(guest => movableOf(host, { guest, resources, limits }))
    .sort((a, b) => leastCost(a) - leastCost(b) || (a.vm < b.vm ? -1 : 1));
  return { resources, free, guests, newcomers, mostMiB: rules.mostMiB };
}

function addsUp(resources: Resources, free: Float64Array, parts: readonly Part[]): boolean {
  for (let resource = 0; resource < resources.width; resource += 1) {
    let left = 0;
    for (let cell = 0; cell < resources.cells; cell += 1) left += free[cell * resources.width + resource]!;
    for (const part of parts) left -= part.need[resource]!;
    if (left < 0) return false;
  }
  return true;
}

function leastCost(guest: Movable): number {
  return guest.options[0]?.costMiB ?? Infinity;
}

function movableOf(
  host: RunningHost,
  {
    guest,
    resources,
    limits,
  }: { readonly guest: RunningGuest; readonly resources: Resources; readonly limits: RoomLimits },
): Movable {
  const { model } = host;
  const parts = partsOf(model, resources, guest);
  const index = new Map(model.cells.map(cell => [cell.id, cell.index]));
  const seat = guest.placement.cells.map(cell => index.get(cell.hostCell)!);
  const allowed = model.cells.flatMap(cell =>
    (guest.spec.allowedCells?.includes(cell.id) ?? true) ? [cell.index] : [],
  );
  const options = seatings(parts, allowed, limits.seatings)
    .filter(other => other.join() !== seat.join())
    .map(other => ({ seat: other, costMiB: costOf(parts, seat, other) }))
    .sort((a, b) => a.costMiB - b.costMiB);
  const kind = `${seat.join()}|${parts.map(part => part.need.join()).join('|')}`;
  return { vm: guest.spec.vm, parts, seat, kind, options };
}

function costOf(parts: readonly Part[], from: Seating, to: Seating): number {
  return parts.reduce((sum, part, row) => sum + (from[row] === to[row] ? 0 : part.memoryMiB), 0);
}
