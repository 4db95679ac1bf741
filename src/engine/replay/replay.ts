import type { Replay, ReplayMove } from '../../domain/replay.ts';
import type { Trace, TraceEvent } from '../../domain/trace.ts';
import { makeRoom } from '../rebalance/make-room.ts';
import { changesOf } from '../rebalance/step.ts';
import { refuse } from '../refuse.ts';
import { carrierLimits } from '../request/carrier-limits.ts';
import { readRequest } from '../request/read-request.ts';
import { RunningHost, type RunningGuest } from '../running-host.ts';
import { overlapSize } from '../bits.ts';

export interface ReplayOptions {
  /** Running guests may be re-pinned and moved to let a newcomer in. */
  readonly rebalance: boolean;
  /** Told of every place that a guest takes, before it does: for tests and for drawing. */
  readonly watch?: (event: number, guest: RunningGuest) => void;
}

/**
 * Replays arrivals and departures on one host, in order: every newcomer that fits is let in, and with `rebalance`
 * also one for which running guests can make room. The departure of a guest that does not run is nothing; a guest
 * that arrives while it runs replaces itself, as after a restart.
 */
export function replay(trace: Trace, options: ReplayOptions): Replay {
  const steps = replayInSteps(trace, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same, pausing behind each event, for callers that have something else to do between two. */
export function* replayInSteps(trace: Trace, options: ReplayOptions): Generator<void, Replay> {
  const run = new Run(trace, options);
  for (const [number, event] of trace.events.entries()) {
    run.take(event, number);
    yield;
  }
  return run.result();
}

class Run {
  readonly #host: RunningHost;
  readonly #options: ReplayOptions;
  readonly #accepted: string[] = [];
  readonly #refused = new Map<string, string>();
  readonly #errors = new Map<string, string>();
  readonly #fill: (readonly [number, number])[] = [];
  readonly #moves: ReplayMove[] = [];
  #offeredVcpus = 0;
  #acceptedVcpus = 0;

  constructor(trace: Trace, options: ReplayOptions) {
    this.#host = new RunningHost(trace.host);
    this.#options = options;
  }

  take(event: TraceEvent, number: number): void {
    this.#host.remove(event[1]);
    if (event[0] === 'a') this.#arrive({ ...event[2], vm: event[1] }, number);
    const { model } = this.#host;
    this.#fill.push([number, overlapSize(model.usage.cpus, model.policy.dedicated)]);
  }

  result(): Replay {
    return {
      kind: 'pinfold/replay',
      version: 1,
      accepted: this.#accepted,
      refused: Object.fromEntries(this.#refused),
      errors: Object.fromEntries(this.#errors),
      offeredVcpus: this.#offeredVcpus,
      acceptedVcpus: this.#acceptedVcpus,
      fill: this.#fill,
      ...(this.#options.rebalance ? { moves: this.#moves } : {}),
      claims: this.#host.claims,
    };
  }

  #arrive(request: Parameters<typeof readRequest>[0], event: number): void {
    const { vm } = request;
    this.#offeredVcpus += request.vcpus;
    this.#refused.delete(vm);
    const read = readRequest(request);
    if (!read.ok) {
      this.#errors.set(vm, read.error.code);
      return;
    }
    const { spec } = read;
    const code = carrierLimits(spec).length > 0 ? 'carrier-cannot' : this.#admit(spec, event);
    if (code !== null) {
      this.#refused.set(vm, code);
      return;
    }
    this.#accepted.push(vm);
    this.#acceptedVcpus += request.vcpus;
  }

  /** Lets the guest in, or answers why not. A guest that asks for no placement takes nothing. */
  #admit(spec: RunningGuest['spec'], event: number): string | null {
    if (!spec.wantsPlacement) return null;
    const offer = this.#host.offer(spec);
    if (offer.ok) {
      this.#put(offer.guest, event);
      return null;
    }
    const room = this.#options.rebalance ? makeRoom(this.#host, spec) : null;
    if (room === null) return refuse(this.#host.model, offer.not).code;
    for (const step of room.steps) {
      this.#options.watch?.(event, step.to);
      for (const { vm, change, costMiB } of changesOf(step)) this.#moves.push({ event, vm, change, costMiB });
    }
    this.#put(room.newcomer, event);
    return null;
  }

  #put(guest: RunningGuest, event: number): void {
    this.#options.watch?.(event, guest);
    this.#host.put(guest);
  }
}
