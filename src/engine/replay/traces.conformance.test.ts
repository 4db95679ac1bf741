import type { Claim } from '../../domain/claim.ts';
import type { Host } from '../../domain/host.ts';
import type { Trace } from '../../domain/trace.ts';
import { checkPlacement } from '../../testing/check-placement.ts';
import { cpusOf, loadGap, novaTraces, type NovaTrace } from '../../testing/nova-traces.ts';
import { readRequest } from '../request/read-request.ts';
import { RunningHost, type RunningGuest } from '../running-host.ts';
import { replay } from './replay.ts';

const traces = novaTraces();
const named = traces.map(trace => [trace.id, trace] as const);

/** Follows a replay from outside, knowing only the guests' places as they come. */
class Follower {
  readonly broken: string[] = [];
  readonly #live = new Map<string, Claim>();
  readonly #trace: Trace;
  #next = 0;

  constructor(trace: Trace) {
    this.#trace = trace;
    for (const claim of trace.host.claims) this.#live.set(claim.vm, claim);
  }

  /** A guest takes a place during this event: it must be valid beside all others that run. */
  see(event: number, guest: RunningGuest): void {
    this.departuresBefore(event + 1);
    const { spec, placement, claim } = guest;
    this.#live.delete(spec.vm);
    const host: Host = { ...this.#trace.host, claims: [...this.#live.values()] };
    for (const rule of checkPlacement({ host, spec, placement, claim }))
      this.broken.push(`event ${event}, ${spec.vm}: ${rule}`);
    this.#live.set(spec.vm, claim);
  }

  departuresBefore(event: number): void {
    for (; this.#next < event; this.#next += 1) this.#live.delete(this.#trace.events[this.#next]![1]);
  }

  get claims(): readonly Claim[] {
    return [...this.#live.values()];
  }
}

function followed(trace: Trace, rebalance: boolean) {
  const follower = new Follower(trace);
  const result = replay(trace, {
    rebalance,
    watch: (event, guest) => {
      follower.see(event, guest);
    },
  });
  follower.departuresBefore(trace.events.length);
  return { follower, result };
}

/** The mean gap between fullest and emptiest cell over all events. */
function meanGap(trace: Trace): number {
  const live = new Map<string, Claim>();
  let sum = 0;
  let next = 0;
  const until = (event: number) => {
    for (; next < event; next += 1) {
      if (trace.events[next]![0] === 'd') live.delete(trace.events[next]![1]);
      sum += loadGap(trace.host, cpusOf(live.values()));
    }
  };
  replay(trace, {
    rebalance: false,
    watch: (event, guest) => {
      until(event);
      live.set(guest.spec.vm, guest.claim);
    },
  });
  until(trace.events.length);
  return sum / trace.events.length;
}

const better = ({ novaVcpus }: NovaTrace) => Math.max(novaVcpus.pack, novaVcpus.spread);
const ours = (trace: NovaTrace, rebalance: boolean) =>
  Math.max(
    replay(trace.trace('pack'), { rebalance }).acceptedVcpus,
    replay(trace.trace('spread'), { rebalance }).acceptedVcpus,
  );
const sum = (value: (trace: NovaTrace) => number) => traces.reduce((total, trace) => total + value(trace), 0);

describe.each(['pack', 'spread'] as const)('recorded traces under %s', strategy => {
  test.each(named)('%s: every place at every moment breaks no rule', (_, trace) => {
    const { follower, result } = followed(trace.trace(strategy), false);
    expect(follower.broken).toEqual([]);
    expect(result.claims).toEqual(follower.claims);
  });

  test.each(named)('%s: nor does any step of a rebalance', (_, trace) => {
    const { follower, result } = followed(trace.trace(strategy), true);
    expect(follower.broken).toEqual([]);
    expect(new Set(result.claims)).toEqual(new Set(follower.claims));
  });

  test('every guest is accepted, refused or wrong, and the sums are those of the trace', () => {
    for (const trace of traces) {
      const { result } = followed(trace.trace(strategy), true);
      const arrivals = trace.trace(strategy).events.filter(event => event[0] === 'a');
      const answered = [...result.accepted, ...Object.keys(result.refused), ...Object.keys(result.errors)];
      expect(answered.sort()).toEqual(arrivals.map(event => event[1]).sort());
      expect(result.offeredVcpus).toBe(trace.offeredVcpus);
      expect(result.fill).toHaveLength(trace.trace(strategy).events.length);
    }
  });
});

describe('against the better of Nova’s two modes, summed over all traces', () => {
  test('we place at least 1.03 times as many vCPUs without moving anybody', () => {
    expect(sum(trace => ours(trace, false)) / sum(better)).toBeGreaterThanOrEqual(1.03);
  });

  test('we place at least 1.07 times as many when guests may be moved', () => {
    expect(sum(trace => ours(trace, true)) / sum(better)).toBeGreaterThanOrEqual(1.07);
  });
});

/** For each guest on one cell with dedicated CPUs: how much fuller its cell is than the emptiest that would take it. */
function sharesGivenUp({ host, events }: Trace): number[] {
  const running = new RunningHost(host);
  return events.flatMap(event => {
    running.remove(event[1]);
    const read = event[0] === 'a' ? readRequest({ ...event[2], vm: event[1] }) : null;
    if (read?.ok !== true || !read.spec.wantsPlacement) return [];
    const { spec } = read;
    const offer = running.offer(spec);
    if (!offer.ok) return [];
    const fitting = running.model.cells.filter(
      cell => running.offer({ ...spec, allowedCells: [cell.id] }).ok,
    );
    running.put(offer.guest);
    if (spec.cells.length > 1 || spec.cpuPolicy === 'shared') return [];
    const shares = fitting.map(cell => 1 - cell.cores.freeTotal / cell.dedicatedTotal);
    const chosen = fitting.findIndex(cell => cell.id === offer.guest.placement.cells[0]!.hostCell);
    return [shares[chosen]! - Math.min(...shares)];
  });
}

describe('how even spread keeps the cells', () => {
  test('a guest on one cell with dedicated CPUs goes to the emptiest that fits', () => {
    const givenUp = traces.flatMap(trace => sharesGivenUp(trace.trace('spread')));
    expect(givenUp).toHaveLength(735);
    expect(Math.max(...givenUp)).toBeLessThan(1e-9);
    expect(Math.max(...traces.flatMap(trace => sharesGivenUp(trace.trace('pack'))))).toBeGreaterThan(0.5);
  });

  test.each(named)(
    '%s: fullest and emptiest cell are on average no farther apart than under Nova’s spread',
    (_, trace) => {
      expect(meanGap(trace.trace('spread'))).toBeLessThanOrEqual(trace.novaGap.spread + 1e-9);
    },
  );
});
