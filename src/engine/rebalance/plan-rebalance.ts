import type { Plan } from '../../domain/plan.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { RunningGuest, RunningHost } from '../running-host.ts';
import { followFloating } from './follow-floating.ts';
import { improve, type ImproveLimits } from './improve.ts';
import { makeRoom, type RoomLimits } from './make-room.ts';
import type { MoveRules } from './move-rules.ts';
import { scoreOf, type HostScore } from './score-of.ts';
import { changesOf, type Step } from './step.ts';

/** What a rebalance is for. */
export interface RebalanceAsked {
  readonly rules: MoveRules;
  /** A guest that room is to be made for; null = the score. */
  readonly newcomer: GuestSpec | null;
  /** Memory seen on cells where its guest was not placed, MiB by guest. */
  readonly astrayMiB: ReadonlyMap<string, number>;
  readonly limits?: { readonly room?: RoomLimits; readonly improve?: ImproveLimits };
}

/** A plan with what its steps mean; the host stands at its end. */
export interface Rebalance {
  readonly plan: Plan & { readonly before: HostScore; readonly after: HostScore };
  readonly steps: readonly Step[];
  /** Where the newcomer then goes; null without one, or when no room can be made (there are no steps then). */
  readonly newcomer: RunningGuest | null;
}

/**
 * The cheapest ordered changes that better the score of a host or make room for a newcomer. Each step leaves a valid host.
 *
 * 1. For a newcomer that fits there is nothing to do; for one that does not, {@link makeRoom} finds the moves.
 * 2. Else memory that went astray is brought home, as far as it may be copied, least first; then {@link improve} goes on
 *    with the memory that is left.
 */
export function planRebalance(host: RunningHost, asked: RebalanceAsked): Rebalance {
  const { rules, newcomer, astrayMiB, limits = {} } = asked;
  const before = scoreOf(host, astrayMiB);
  if (newcomer !== null) {
    const offer = host.offer(newcomer);
    if (offer.ok) return { plan: planOf([], before, before, astrayMiB), steps: [], newcomer: offer.guest };
    const room = makeRoom(host, newcomer, { rules, ...(limits.room && { limits: limits.room }) });
    const steps = followFloating(host, room?.steps ?? []);
    const after = scoreOf(host, without(astrayMiB, steps));
    return { plan: planOf(steps, before, after, astrayMiB), steps, newcomer: room?.newcomer ?? null };
  }
  const home = homecomings(host, rules, astrayMiB);
  const spent = home.reduce((sum, { from }) => sum + astrayMiB.get(from.spec.vm)!, 0);
  const left = { ...rules, mostMiB: rules.mostMiB - spent };
  const steps = [...home, ...followFloating(host, improve(host, left, limits.improve))];
  return {
    plan: planOf(steps, before, scoreOf(host, without(astrayMiB, steps)), astrayMiB),
    steps,
    newcomer: null,
  };
}

/** Steps that change no place: their guests' memory is brought to where it should be. */
function homecomings(
  host: RunningHost,
  rules: MoveRules,
  astrayMiB: ReadonlyMap<string, number>,
): readonly Step[] {
  let left = rules.mostMiB;
  const guests = [...host.guests.values()].filter(
    guest => (astrayMiB.get(guest.spec.vm) ?? 0) > 0 && rules.mayMove(guest),
  );
  const size = (guest: RunningGuest) => astrayMiB.get(guest.spec.vm)!;
  return guests
    .sort((a, b) => size(a) - size(b) || (a.spec.vm < b.spec.vm ? -1 : 1))
    .filter(guest => {
      if (size(guest) > left) return false;
      left -= size(guest);
      return true;
    })
    .map(guest => ({ from: guest, to: guest }));
}

/** A guest whose memory moves has none astray afterwards. */
function without(
  astrayMiB: ReadonlyMap<string, number>,
  steps: readonly Step[],
): ReadonlyMap<string, number> {
  const moved = new Set(steps.filter(movesMemory).map(({ from }) => from.spec.vm));
  return new Map([...astrayMiB].filter(([vm]) => !moved.has(vm)));
}

/** Whether the step moves memory: to another cell, or home from where it went astray. */
export function movesMemory({ from, to }: Step): boolean {
  return (
    from === to ||
    to.placement.cells.some((cell, row) => cell.hostCell !== from.placement.cells[row]?.hostCell)
  );
}

function planOf(
  steps: readonly Step[],
  before: HostScore,
  after: HostScore,
  astrayMiB: ReadonlyMap<string, number>,
): Rebalance['plan'] {
  const changes = steps.flatMap(step => {
    if (step.from !== step.to) return changesOf(step);
    const { vm } = step.from.spec;
    const home = step.from.placement.nodeset;
    return [
      { vm, change: 'move-memory' as const, from: '', to: home, costMiB: astrayMiB.get(vm)!, live: true },
    ];
  });
  return { kind: 'pinfold/plan', version: 1, before, after, changes };
}
