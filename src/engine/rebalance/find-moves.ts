import type { Part, Resources } from './cell-loads.ts';
import type { Seating } from './seatings.ts';

/** A guest that may move. */
export interface Movable {
  readonly vm: string;
  readonly parts: readonly Part[];
  readonly seat: Seating;
  /** The same for guests that hold the same on the same cells. */
  readonly kind: string;
  /** Where else it could be, cheapest first. */
  readonly options: readonly SeatOption[];
}

export interface SeatOption {
  readonly seat: Seating;
  /** Memory of the guest cells that change their host cell. */
  readonly costMiB: number;
}

/** Moves that make the numbers add up, and where the newcomer then goes. */
export interface MoveSet {
  readonly moves: readonly { readonly vm: string; readonly seat: Seating }[];
  readonly newcomer: Seating;
  readonly costMiB: number;
}

export interface MoveQuestion {
  readonly resources: Resources;
  /** Free now, without the newcomer. */
  readonly free: Float64Array;
  readonly guests: readonly Movable[];
  /** Where the newcomer could go, with what it needs there. */
  readonly newcomers: readonly { readonly parts: readonly Part[]; readonly seat: Seating }[];
  /** Memory that may be copied in all, MiB. */
  readonly mostMiB: number;
}

/** How far the search goes; it is the same on every machine, for it counts steps and not time. */
export interface SearchLimits {
  /** Guests moved at once. */
  readonly moves: number;
  /** Moves tried on paper. */
  readonly steps: number;
}

/**
 * Searches sets of moves after which no cell lacks anything, and offers each to `accept`, which answers what
 * it costs in the end (MiB) or null when it cannot be carried out. Fewest moves first, the cheapest first among
 * them; a set must promise to cost less than the cheapest accepted one.
 *
 * 1. The newcomer is put where the search may put it; cells then lack what they have too little of.
 * 2. A guest on the cell that lacks most CPUs (else most of anything) must leave it: each that has not moved yet and
 *    holds something of what lacks is tried, least memory first, guests of equal need once.
 *    Where nothing lacks by numbers (siblings or floating vCPUs keep the newcomer out), each guest on the newcomer's
 *    cells is tried.
 * 3. Its new cells may lack in turn and are relieved the same way, which finds chains and exchanges; a branch ends
 *    when nothing lacks, at the limit of moves, or at the cost of the best.
 */
export function findMoves(
  question: MoveQuestion,
  limits: SearchLimits,
  accept: (set: MoveSet) => number | null,
): void {
  const search = new MoveSearch(question, limits, accept);
  for (let depth = 0; depth <= limits.moves && !search.isSpent; depth += 1) search.run(depth);
}

/** Where the search stands. */
interface Branch {
  /** Moves still to make. */
  readonly left: number;
  readonly costMiB: number;
  readonly newcomer: Seating;
}

class MoveSearch {
  readonly #question: MoveQuestion;
  readonly #accept: (set: MoveSet) => number | null;
  readonly #free: Float64Array;
  readonly #moved: (Seating | null)[];
  readonly #order: number[] = [];
  readonly #found: MoveSet[] = [];
  #best = Infinity;
  #steps: number;

  constructor(question: MoveQuestion, limits: SearchLimits, accept: (set: MoveSet) => number | null) {
    this.#question = question;
    this.#accept = accept;
    this.#free = question.free.slice();
    this.#moved = question.guests.map(() => null);
    this.#steps = limits.steps;
  }

  get isSpent(): boolean {
    return this.#steps <= 0;
  }

  /** Finds the sets of exactly this many moves and offers them, the cheapest first. */
  run(depth: number): void {
    this.#found.length = 0;
    for (const { parts, seat } of this.#question.newcomers) {
      this.#seat(parts, seat, -1);
      this.#extend({ left: depth, costMiB: 0, newcomer: seat });
      this.#seat(parts, seat, 1);
    }
    this.#found.sort((a, b) => a.costMiB - b.costMiB);
    for (const set of this.#found) {
      if (set.costMiB >= this.#best) return;
      const cost = this.#accept(set);
      if (cost !== null) this.#best = Math.min(this.#best, cost);
    }
  }

  #extend(at: Branch): void {
    const lack = this.#worst();
    if (at.left === 0) {
      if (lack < 0) this.#keep(at);
      return;
    }
    const { width } = this.#question.resources;
    if (lack >= 0) this.#relieve(Math.floor(lack / width), lack % width, at);
    else for (const cell of at.newcomer) this.#relieve(cell, -1, at);
  }

  /** Tries every guest that could leave the cell; with a resource (≥ 0), only those that hold some of it there. */
  #relieve(cell: number, resource: number, at: Branch): void {
    const tried = new Set<string>();
    this.#question.guests.forEach((guest, index) => {
      if (this.#moved[index] !== null || this.isSpent || tried.has(guest.kind)) return;
      const row = guest.seat.indexOf(cell);
      if (row < 0 || (resource >= 0 && guest.parts[row]!.need[resource] === 0)) return;
      tried.add(guest.kind);
      this.#tryGuest(index, cell, at);
    });
  }

  #tryGuest(index: number, cell: number, at: Branch): void {
    const guest = this.#question.guests[index]!;
    for (const option of guest.options) {
      const costMiB = at.costMiB + option.costMiB;
      if (costMiB >= this.#best || costMiB > this.#question.mostMiB || this.isSpent) return;
      if (option.seat[guest.seat.indexOf(cell)] === cell) continue;
      this.#steps -= 1;
      this.#seat(guest.parts, guest.seat, 1);
      this.#seat(guest.parts, option.seat, -1);
      this.#moved[index] = option.seat;
      this.#order.push(index);
      this.#extend({ left: at.left - 1, costMiB, newcomer: at.newcomer });
      this.#order.pop();
      this.#moved[index] = null;
      this.#seat(guest.parts, option.seat, 1);
      this.#seat(guest.parts, guest.seat, -1);
    }
  }

  #keep({ costMiB, newcomer }: Branch): void {
    const moves = this.#order.map(index => ({
      vm: this.#question.guests[index]!.vm,
      seat: this.#moved[index]!,
    }));
    this.#found.push({ moves, newcomer, costMiB });
  }

  #seat(parts: readonly Part[], seat: Seating, sign: 1 | -1): void {
    const { width } = this.#question.resources;
    parts.forEach((part, row) => {
      const at = seat[row]! * width;
      for (let i = 0; i < width; i += 1) if (part.need[i] !== 0) this.#free[at + i]! += sign * part.need[i]!;
    });
  }

  /** What lacks most: index of cell and resource, CPUs before memory; -1 when nothing lacks. */
  #worst(): number {
    const { width } = this.#question.resources;
    let worst = -1;
    let least = -1e-6;
    for (let i = 0; i < this.#free.length; i += 1) {
      const value = this.#free[i]! * (i % width === 0 ? 1e6 : 1);
      if (value < least) [worst, least] = [i, value];
    }
    return worst;
  }
}
