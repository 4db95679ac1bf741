/**
 * A day on a node: guests come and go (10 000 events on each of two generated machines, and the recorded traces of OpenStack
 * Nova when PINFOLD_SHARED has them), without moves, with room made for whom does not fit, and with the node's score bettered
 * every 100 events as well, all under the rules for live guests (memory moves only with guests of one cell). Every place that
 * a guest takes is looked at by the independent checker; exits 1 when one breaks a rule.
 */
import { readRequest } from '../src/engine/request/read-request.ts';
import { liveRules } from '../src/engine/rebalance/move-rules.ts';
import { planRebalance } from '../src/engine/rebalance/plan-rebalance.ts';
import { stepCostMiB } from '../src/engine/rebalance/step.ts';
import { RunningHost, type RunningGuest } from '../src/engine/running-host.ts';
import type { Claim } from '../src/domain/claim.ts';
import type { HostPolicy } from '../src/domain/host-policy.ts';
import type { PlacementRequest } from '../src/domain/placement-request.ts';
import type { Trace, TraceEvent } from '../src/domain/trace.ts';
import { hostOf } from '../src/machines/host-of.ts';
import { namedMachine, type MachineName } from '../src/machines/named-machines.ts';
import { checkPlacement } from '../src/testing/check-placement.ts';
import { novaTraces, type NovaTrace } from '../src/testing/nova-traces.ts';
import { diceOf } from '../src/testing/dice.ts';

const EVENTS = 10_000;
/** Between two rebalances for the score. */
const EVERY = 100;
/** What such a rebalance may copy. */
const MOST_MIB = 64 * 1024;

type Mode = 'still' | 'room' | 'score';
const MODES: readonly Mode[] = ['still', 'room', 'score'];

interface Outcome {
  offeredVcpus: number;
  acceptedVcpus: number;
  acceptedGuests: number;
  steps: number;
  movedMiB: number;
  brokenRules: number;
}

/** A guest of mixed kind: dedicated with all thread policies, emulators and one or two cells; some shared or mixed. */
function guestOf(vm: string, roll: (sides: number) => number): PlacementRequest {
  const vcpus = [1, 1, 2, 2, 2, 4, 4, 6, 8, 12][roll(10)]!;
  const kind = roll(10);
  const specs: Record<string, string> = {
    'hw:cpu_policy': kind < 8 ? 'dedicated' : kind < 9 ? 'mixed' : 'shared',
  };
  if (kind === 8) specs['hw:cpu_dedicated_mask'] = '0';
  if (kind === 9) specs['pinfold:confine'] = 'cell';
  const thread = ['', '', '', 'prefer', 'require', 'isolate'][roll(6)]!;
  if (kind < 8 && thread !== '') specs['hw:cpu_thread_policy'] = thread;
  if (kind < 9 && roll(3) === 0) specs['hw:emulator_threads_policy'] = 'isolate';
  if (kind < 8 && vcpus >= 4 && roll(4) === 0) specs['hw:numa_nodes'] = '2';
  if (kind < 8 && roll(2) === 0) specs['hw:mem_page_size'] = 'large';
  const memoryMiB = 1024 * vcpus * (1 + roll(3));
  return { kind: 'pinfold/request', version: 1, vm, vcpus, memoryMiB, extraSpecs: specs };
}

function day(machine: MachineName, policy: HostPolicy, seed: number): Trace {
  const roll = diceOf(seed);
  const live: string[] = [];
  const cpus = namedMachine(machine);
  const crowd = Math.round(
    (cpus.sockets * cpus.cellsPerSocket * cpus.coresPerCell * cpus.threadsPerCore!) / 3,
  );
  const events = Array.from({ length: EVENTS }, (_, index): TraceEvent => {
    if (live.length > 0 && roll(2 * crowd) < live.length) return ['d', live.splice(roll(live.length), 1)[0]!];
    const vm = `g${index}`;
    live.push(vm);
    return ['a', vm, guestOf(vm, roll)];
  });
  return { host: hostOf(namedMachine(machine), policy), events };
}

class Day {
  readonly outcome: Outcome = {
    offeredVcpus: 0,
    acceptedVcpus: 0,
    acceptedGuests: 0,
    steps: 0,
    movedMiB: 0,
    brokenRules: 0,
  };
  readonly #host: RunningHost;
  readonly #claims: Map<string, Claim>;
  readonly #mode: Mode;

  constructor(trace: Trace, mode: Mode) {
    this.#host = new RunningHost(trace.host);
    this.#claims = new Map(trace.host.claims.map(claim => [claim.vm, claim]));
    this.#mode = mode;
    trace.events.forEach((event, number) => {
      this.#host.remove(event[1]);
      this.#claims.delete(event[1]);
      if (event[0] === 'a') this.#arrive({ ...event[2], vm: event[1] });
      if (mode === 'score' && number % EVERY === EVERY - 1) this.#rebalance(null, MOST_MIB);
    });
  }

  #arrive(request: PlacementRequest): void {
    this.outcome.offeredVcpus += request.vcpus;
    const read = readRequest(request);
    if (!read.ok) return;
    if (read.spec.wantsPlacement) {
      const offer = this.#host.offer(read.spec);
      const guest = offer.ok
        ? offer.guest
        : this.#mode === 'still'
          ? null
          : this.#rebalance(read.spec, Infinity);
      if (guest === null) return;
      this.#check(guest);
      this.#host.put(guest);
    }
    this.outcome.acceptedVcpus += request.vcpus;
    this.outcome.acceptedGuests += 1;
  }

  #rebalance(newcomer: RunningGuest['spec'] | null, mostMiB: number): RunningGuest | null {
    const rules = liveRules({ mostMiB });
    const made = planRebalance(this.#host, { rules, newcomer, astrayMiB: new Map() });
    for (const step of made.steps) {
      this.#check(step.to, step.from);
      this.outcome.movedMiB += stepCostMiB(step);
    }
    this.outcome.steps += made.steps.length;
    return made.newcomer;
  }

  /** Looks at one guest among all others as they are in this moment. */
  #check({ spec, placement, claim }: RunningGuest, from: RunningGuest | null = null): void {
    this.#claims.delete(spec.vm);
    const host = { ...this.#host.model.host, claims: [...this.#claims.values()] };
    // A guest that only makes way holds what it held: it floats over fewer CPUs for a moment than it may, and its memory is
    // no question again (shared guests that came later may have overcommitted it).
    const stays = from !== null && JSON.stringify(from.claim.cells) === JSON.stringify(claim.cells);
    const broken = checkPlacement({ host, spec, placement, claim });
    this.outcome.brokenRules += broken.filter(
      rule => !stays || !/float|RAM ratio|lacks (memory|pages)/.test(rule),
    ).length;
    this.#claims.set(spec.vm, claim);
  }
}

function line(name: string, nova: string, outcomes: readonly Outcome[]): string {
  const offered = outcomes[0]!.offeredVcpus;
  const accepted = outcomes.map(
    ({ acceptedVcpus }) => `${acceptedVcpus} (${((acceptedVcpus / offered) * 100).toFixed(1)} %)`,
  );
  const moved = outcomes.slice(1).map(({ steps, movedMiB }) => `${steps} / ${(movedMiB / 1024).toFixed(0)}`);
  const broken = outcomes.reduce((sum, { brokenRules }) => sum + brokenRules, 0);
  if (broken > 0) process.exitCode = 1;
  return `| ${[name, offered, nova, ...accepted, ...moved, broken].join(' | ')} |\n`;
}

function sumOf(all: readonly (readonly Outcome[])[]): Outcome[] {
  return MODES.map((_, mode) => {
    const sum: Outcome = { ...all[0]![mode]! };
    for (const outcomes of all.slice(1))
      for (const key of Object.keys(sum) as (keyof Outcome)[]) sum[key] += outcomes[mode]![key];
    return sum;
  });
}

function recorded(): readonly NovaTrace[] {
  try {
    return novaTraces();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    process.stderr.write(
      'The recorded traces are not here: name the folder that holds them in PINFOLD_SHARED.\n',
    );
    return [];
  }
}

function main(): void {
  process.stdout.write(
    '| day | offered | Nova | no moves | room | room and score | steps / GiB for room | steps / GiB with score | rules broken |\n' +
      `|${' --- |'.repeat(9)}\n`,
  );
  const machines: readonly (readonly [MachineName, HostPolicy])[] = [
    ['dual-socket-smt', { cpu_allocation_ratio: 4, emulator_overcommit_ratio: 4 }],
    ['epyc-nps4', { cpu_dedicated_set: '4-127', cpu_shared_set: '0-3', emulator_overcommit_ratio: 4 }],
  ];
  for (const [machine, policy] of machines) {
    for (const strategy of ['pack', 'spread'] as const) {
      const trace = day(machine, { ...policy, strategy }, 11);
      const outcomes = MODES.map(mode => new Day(trace, mode).outcome);
      process.stdout.write(line(`${machine}, ${strategy}`, '', outcomes));
    }
  }
  const traces = recorded();
  for (const strategy of traces.length === 0 ? [] : (['pack', 'spread'] as const)) {
    const all = traces.map(trace => MODES.map(mode => new Day(trace.trace(strategy), mode).outcome));
    const nova = traces.reduce((sum, trace) => sum + trace.novaVcpus[strategy], 0);
    process.stdout.write(line(`13 recorded days, ${strategy}`, `${nova}`, sumOf(all)));
  }
}

main();
