import { wantedPlacement } from '../../src/app/reconcile/wanted-placement.ts';
import type { GuestSpec } from '../../src/domain/guest-spec.ts';
import type { PlacementRequest } from '../../src/domain/placement-request.ts';
import type { Trace } from '../../src/domain/trace.ts';
import { liveRules } from '../../src/engine/rebalance/move-rules.ts';
import { movesMemory, planRebalance } from '../../src/engine/rebalance/plan-rebalance.ts';
import { stepCostMiB } from '../../src/engine/rebalance/step.ts';
import { readRequest } from '../../src/engine/request/read-request.ts';
import { RunningHost, type RunningGuest } from '../../src/engine/running-host.ts';
import { checkRunning, type Held, type HeldGuest } from '../../src/testing/check-running.ts';

/** Between two rebalances for the score, and between two looks at every guest. */
export const EVERY = 100;
/** What a rebalance for the score may copy. */
export const MOST_MIB = 64 * 1024;

/** `still`: nobody moves; `room`: guests make room for whom does not fit; `score`: the node is bettered every 100 events, too. */
export type Mode = 'still' | 'room' | 'score';
export const MODES: readonly Mode[] = ['still', 'room', 'score'];

/** What became of a day. */
export interface Outcome {
  readonly offeredVcpus: number;
  readonly acceptedVcpus: number;
  readonly steps: number;
  readonly movedMiB: number;
  /** Guests that were looked at. */
  readonly checks: number;
  readonly brokenRules: number;
}

/**
 * Plays a day on the model of a host, without a node: what is decided and planned is taken for done. After each event the guests
 * that float follow what others hold, as reconcile lets them. Looked at are every guest that is placed, every step of a rebalance
 * (also of guests that only make way), every guest that had to follow, and every 100 events all that run.
 */
export function plannedDay(trace: Trace, mode: Mode): Outcome {
  return new Day(trace, mode).outcome;
}

class Day {
  readonly outcome = {
    offeredVcpus: 0,
    acceptedVcpus: 0,
    steps: 0,
    movedMiB: 0,
    checks: 0,
    brokenRules: 0,
  };
  readonly #host: RunningHost;
  readonly #held: Map<string, Held>;
  readonly #mode: Mode;
  #clock = 0;

  constructor({ host, events }: Trace, mode: Mode) {
    this.#host = new RunningHost(host);
    this.#held = new Map(host.claims.map(claim => [claim.vm, { claim, since: 0 }]));
    this.#mode = mode;
    events.forEach((event, number) => {
      this.#host.remove(event[1]);
      this.#held.delete(event[1]);
      if (event[0] === 'a') this.#arrive({ ...event[2], vm: event[1] });
      this.#follow();
      if (number % EVERY < EVERY - 1) return;
      if (mode === 'score') this.#rebalance(null, MOST_MIB);
      this.#follow();
      for (const guest of this.#host.guests.values()) this.#look(guest, 'settled');
    });
  }

  #arrive(request: PlacementRequest): void {
    this.outcome.offeredVcpus += request.vcpus;
    const read = readRequest(request);
    if (!read.ok) return;
    if (read.spec.wantsPlacement) {
      const guest = this.#placeFor(read.spec);
      if (guest === null) return;
      this.#clock += 1;
      this.#look(guest);
      this.#host.put(guest);
    }
    this.outcome.acceptedVcpus += request.vcpus;
  }

  #placeFor(spec: GuestSpec): RunningGuest | null {
    const offer = this.#host.offer(spec);
    if (offer.ok) return offer.guest;
    return this.#mode === 'still' ? null : this.#rebalance(spec, Infinity);
  }

  #rebalance(newcomer: GuestSpec | null, mostMiB: number): RunningGuest | null {
    const rules = liveRules({ mostMiB });
    const made = planRebalance(this.#host, { rules, newcomer, astrayMiB: new Map() });
    for (const step of made.steps) {
      if (movesMemory(step)) this.#clock += 1;
      this.#look(step.to, 'moving', movesMemory(step));
      this.outcome.movedMiB += stepCostMiB(step);
    }
    this.outcome.steps += made.steps.length;
    return made.newcomer;
  }

  /** Guests with threads that share CPUs go where they may float now. */
  #follow(): void {
    for (const guest of this.#host.guests.values()) {
      const { spec, placement, claim } = guest;
      if (spec.cpuPolicy === 'dedicated' && spec.emulator !== 'share') continue;
      const entry = { vm: spec.vm, claim, placement, process: null, marker: null, foreign: null };
      const wanted = wantedPlacement(entry, this.#host.model);
      if (JSON.stringify(wanted) === JSON.stringify(placement)) continue;
      const emulator = claim.emulator && { ...claim.emulator, cpus: wanted.emulator.cpus };
      const after = { ...guest, placement: wanted, claim: { ...claim, ...(emulator ? { emulator } : {}) } };
      this.#look(after, 'settled');
      this.#host.put(after);
    }
  }

  /** Looks at one guest among all others as they are in this moment. */
  #look(guest: RunningGuest, running?: 'settled' | 'moving', comes = running === undefined): void {
    const { vm } = guest.spec;
    const since = comes ? this.#clock : this.#held.get(vm)!.since;
    const held: HeldGuest = { ...guest, since };
    this.#held.set(vm, held);
    const host = this.#host.model.host;
    const others = this.#held.values();
    const broken = checkRunning({ host, guest: held, others, ...(running === undefined ? {} : { running }) });
    this.outcome.checks += 1;
    this.outcome.brokenRules += broken.length;
    for (const rule of broken) process.stderr.write(`${vm}: ${rule}\n`);
  }
}
