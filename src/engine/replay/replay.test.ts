import fc from 'fast-check';
import type { Claim } from '../../domain/claim.ts';
import type { Trace, TraceEvent } from '../../domain/trace.ts';
import { hostOf } from '../../machines/host-of.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { replay } from './replay.ts';
import { twoCells } from '../../testing/two-cells.ts';

const arrive = (vm: string, vcpus: number, options: Record<string, string> = {}): TraceEvent => [
  'a',
  vm,
  {
    kind: 'pinfold/request',
    version: 1,
    vm,
    vcpus,
    memoryMiB: 256 * vcpus,
    extraSpecs: { 'hw:cpu_policy': 'dedicated', ...options },
  },
];
const depart = (vm: string): TraceEvent => ['d', vm];
const trace = (...events: readonly TraceEvent[]): Trace => ({
  host: hostOf(twoCells, { strategy: 'pack' }),
  events,
});

describe('replay on a machine of two cells', () => {
  test('lets in what fits, says why it refuses the rest, and counts', () => {
    const result = replay(
      trace(
        arrive('a', 6),
        arrive('b', 6),
        arrive('c', 3),
        arrive('wrong', 2, { 'hw:cpu_thread_policy': 'sometimes' }),
        depart('c'),
        depart('a'),
        arrive('d', 8),
      ),
      { rebalance: false },
    );
    expect(result).toMatchObject({
      accepted: ['a', 'b', 'd'],
      refused: { c: 'no-cell-fits' },
      errors: { wrong: 'thread-policy-invalid' },
      offeredVcpus: 25,
      acceptedVcpus: 20,
      fill: [
        [0, 6],
        [1, 12],
        [2, 12],
        [3, 12],
        [4, 12],
        [5, 6],
        [6, 14],
      ],
    });
    expect(result.claims.map(claim => claim.vm)).toEqual(['b', 'd']);
    expect('moves' in result).toBe(false);
  });

  test('with rebalance makes room, and says which guest moved at which event and price', () => {
    const events = [arrive('a', 6), arrive('b', 5), arrive('c', 2), depart('a'), arrive('e', 8)];
    expect(replay(trace(...events), { rebalance: false }).refused).toEqual({ e: 'no-cell-fits' });
    const result = replay(trace(...events), { rebalance: true });
    expect(result.accepted).toEqual(['a', 'b', 'c', 'e']);
    expect(result.moves).toEqual([
      { event: 4, vm: 'c', change: 'repin-vcpu', costMiB: 0 },
      { event: 4, vm: 'c', change: 'repin-emulator', costMiB: 0 },
      { event: 4, vm: 'c', change: 'move-memory', costMiB: 512 },
    ]);
  });

  test('takes a guest that arrives again as started anew', () => {
    const result = replay(trace(arrive('a', 8), arrive('b', 8), arrive('a', 4)), { rebalance: false });
    expect(result.accepted).toEqual(['a', 'b', 'a']);
    expect(result.fill.at(-1)).toEqual([2, 12]);
  });

  test('lets a guest depart that the host document brought along', () => {
    const held: Claim = {
      vm: 'resident',
      source: 'observed',
      cells: [{ hostCell: 0, pcpus: '0-3', sharedVcpus: 0, memoryMiB: 64, pageSizeKiB: null, pages: 16384 }],
    };
    const host = hostOf(twoCells, { strategy: 'pack' }, [held]);
    const result = replay({ host, events: [depart('resident'), arrive('a', 8)] }, { rebalance: false });
    expect(result.fill).toEqual([
      [0, 0],
      [1, 8],
    ]);
    expect(result.claims.map(claim => claim.vm)).toEqual(['a']);
  });

  test('lets in a guest that asks for no placement without counting anything as taken', () => {
    const result = replay(trace(arrive('a', 64, { 'hw:cpu_policy': 'shared' })), { rebalance: false });
    expect(result.accepted).toEqual(['a']);
    expect(result.claims).toEqual([]);
  });
});

const wishes = fc.array(
  fc.record({
    vcpus: fc.constantFrom(1, 2, 3, 4, 6, 8, 12),
    cells: fc.constantFrom('1', '1', '2'),
    threads: fc.constantFrom('prefer', 'prefer', 'require', 'isolate'),
    stays: fc.nat(30),
  }),
  { minLength: 20, maxLength: 60 },
);

/** Every guest arrives, and leaves so many arrivals later. */
const days: fc.Arbitrary<Trace> = wishes.map(guests => {
  const events: TraceEvent[] = [];
  guests.forEach((wish, index) => {
    events.push(
      arrive(`g${index}`, wish.vcpus * Number(wish.cells), {
        'hw:numa_nodes': wish.cells,
        'hw:cpu_thread_policy': wish.threads,
      }),
    );
    guests.slice(0, index + 1).forEach((other, start) => {
      if (start + other.stays === index) events.push(depart(`g${start}`));
    });
  });
  return { host: hostOf(namedMachine('epyc-nps4'), { strategy: 'pack' }), events };
});

describe('a day on an EPYC of eight cells', () => {
  test('is the same when it is replayed again, document for document', () => {
    fc.assert(
      fc.property(days, fc.boolean(), (day, rebalance) => {
        expect(JSON.stringify(replay(day, { rebalance }))).toBe(JSON.stringify(replay(day, { rebalance })));
      }),
      { numRuns: 10, seed: 3 },
    );
  });

  test('sees nobody moved for a guest that fits as things are', () => {
    let moves = 0;
    fc.assert(
      fc.property(days, day => {
        const live = new Map<string, Claim>();
        let next = 0;
        let asked = -1;
        replay(day, {
          rebalance: true,
          watch: (event, guest) => {
            for (; next < event; next += 1)
              if (day.events[next]![0] === 'd') live.delete(day.events[next]![1]);
            if (guest.spec.vm !== day.events[event]![1] && asked !== event) {
              asked = event;
              moves += 1;
              const newcomer = replay(
                { host: { ...day.host, claims: [...live.values()] }, events: [day.events[event]!] },
                { rebalance: false },
              );
              expect(newcomer.accepted).toEqual([]);
            }
            live.set(guest.spec.vm, guest.claim);
          },
        });
      }),
      { numRuns: 15, seed: 9 },
    );
    expect(moves).toBeGreaterThan(5);
  });
});
