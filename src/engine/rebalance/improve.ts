import type { RunningGuest, RunningHost } from '../running-host.ts';
import type { MoveRules } from './move-rules.ts';
import { relocateBy } from './relocate.ts';
import { compareScores, couldGain, couldGainByMove, scoreOf, type HostScore } from './score-of.ts';
import { stepCostMiB, type Step } from './step.ts';
import { paysForItself } from './worth.ts';

/** How much is tried; counted, so that every machine finds the same. */
export interface ImproveLimits {
  /** Places asked for. */
  readonly trials: number;
  readonly steps: number;
}

export const IMPROVE_LIMITS: ImproveLimits = { trials: 2000, steps: 200 };

/**
 * Betters the score of a host step by step, the cheapest kind of change first, until none of them betters it:
 *
 * 1. re-pins within the guest's cells that leave its isolated emulator where it is;
 * 2. re-pins that take the emulator to another pool CPU;
 * 3. guests that go to another cell, only while the memory in `rules` lasts and where it pays for the copy ({@link paysForItself}).
 *
 * After each step of a dearer kind the cheaper ones are tried again. Guests come in the order of their memory, then CPUs,
 * then names. The steps have been taken on the host.
 */
export function improve(
  host: RunningHost,
  rules: MoveRules,
  limits: ImproveLimits = IMPROVE_LIMITS,
): readonly Step[] {
  const search = new Improvement(host, rules, limits);
  const kinds = [search.repin, search.repool, search.move];
  for (let kind = 0; kind < kinds.length && !search.isSpent; ) kind = kinds[kind]!() ? 0 : kind + 1;
  return search.steps;
}

class Improvement {
  readonly steps: Step[] = [];
  readonly #host: RunningHost;
  readonly #rules: MoveRules;
  readonly #pack: boolean;
  readonly #moved = new Set<string>();
  #limits: ImproveLimits;
  #leftMiB: number;
  #score: HostScore;

  constructor(host: RunningHost, rules: MoveRules, limits: ImproveLimits) {
    this.#host = host;
    this.#rules = rules;
    this.#limits = limits;
    this.#leftMiB = rules.mostMiB;
    this.#pack = host.model.policy.pack;
    this.#score = scoreOf(host);
  }

  get isSpent(): boolean {
    return this.#limits.trials <= 0 || this.steps.length >= this.#limits.steps;
  }

  /** Takes every re-pin that betters the score; whether there was one. */
  readonly repin = (): boolean => this.#repinWhere((from, to) => !changesPool(from, to));

  readonly repool = (): boolean => this.#repinWhere(changesPool);

  /** Takes the first move that is worth it. */
  readonly move = (): boolean => {
    for (const guest of this.#guests()) {
      if (!this.#mayMove(guest) || !couldGainByMove(this.#host.model, guest, this.#score)) continue;
      const home = guest.placement.cells[0]!.hostCell;
      for (const { id } of this.#host.model.cells) {
        if (id === home || !(guest.spec.allowedCells?.includes(id) ?? true)) continue;
        const isBetter = (after: HostScore, step: Step) =>
          paysForItself(this.#host.model, { after, before: this.#score, costMiB: stepCostMiB(step) });
        if (!this.#take(guest, [id], isBetter)) continue;
        this.#moved.add(guest.spec.vm);
        return true;
      }
    }
    return false;
  };

  #repinWhere(isMeant: (from: RunningGuest, to: RunningGuest) => boolean): boolean {
    let found = false;
    const isBetter = (score: HostScore) => compareScores(score, this.#score, this.#pack) < 0;
    for (const guest of this.#guests()) {
      if (!this.#rules.mayRepin(guest) || !couldGain(this.#host.model, guest)) continue;
      const home = guest.placement.cells.map(cell => cell.hostCell);
      if (this.#take(guest, home, isBetter, isMeant)) found = true;
    }
    return found;
  }

  /** A guest moves once at most: whatever it would gain by another move it could have had by the first. */
  #mayMove(guest: RunningGuest): boolean {
    return (
      guest.placement.devices.length === 0 &&
      !this.#moved.has(guest.spec.vm) &&
      guest.spec.memoryMiB <= this.#leftMiB &&
      this.#rules.mayMove(guest)
    );
  }

  #take(
    from: RunningGuest,
    cells: readonly number[],
    isBetter: (score: HostScore, step: Step) => boolean,
    isMeant: (from: RunningGuest, to: RunningGuest) => boolean = () => true,
  ): boolean {
    if (this.isSpent) return false;
    this.#limits = { ...this.#limits, trials: this.#limits.trials - 1 };
    const to = relocateBy(this.#rules, this.#host, { guest: from, cells });
    if (to === null || samePlace(from, to) || !isMeant(from, to)) return false;
    if (to.placement.cells.some((cell, row) => cell.hostCell !== cells[row])) return false;
    this.#host.put(to);
    const score = scoreOf(this.#host);
    const step = { from, to };
    if (!isBetter(score, step)) {
      this.#host.put(from);
      return false;
    }
    this.steps.push(step);
    this.#score = score;
    this.#leftMiB -= stepCostMiB(step);
    return true;
  }

  #guests(): readonly RunningGuest[] {
    const size = (guest: RunningGuest) => guest.placement.cost.dedicated;
    return [...this.#host.guests.values()].sort(
      (a, b) => a.spec.memoryMiB - b.spec.memoryMiB || size(a) - size(b) || (a.spec.vm < b.spec.vm ? -1 : 1),
    );
  }
}

function changesPool(from: RunningGuest, to: RunningGuest): boolean {
  const { emulator } = to.placement;
  return emulator.policy === 'isolate' && emulator.cpus !== from.placement.emulator.cpus;
}

function samePlace(from: RunningGuest, to: RunningGuest): boolean {
  const text = ({ placement }: RunningGuest) =>
    JSON.stringify([placement.pins, placement.emulator.cpus, placement.iothreads]);
  return text(from) === text(to);
}
