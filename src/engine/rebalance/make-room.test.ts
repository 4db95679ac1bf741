import fc from 'fast-check';
import type { Claim } from '../../domain/claim.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { HostPolicy } from '../../domain/host-policy.ts';
import { hostOf } from '../../machines/host-of.ts';
import type { Machine } from '../../machines/machine.ts';
import { checkPlacement } from '../../testing/check-placement.ts';
import { plainGuest } from '../../testing/plain-guest.ts';
import { smallGuests } from '../../testing/small-guests.ts';
import { smallHosts } from '../../testing/small-hosts.ts';
import { RunningHost, type RunningGuest } from '../running-host.ts';
import { makeRoom } from './make-room.ts';
import { relocate } from './relocate.ts';
import { changesOf, stepCostMiB, type Step } from './step.ts';

/** `cells` cells of four cores with two threads: the first has CPUs 0-3 and the next 4 · cells + 0-3. */
const machine = (cells: number): Machine => ({
  name: 'small-node',
  sockets: 1,
  cellsPerSocket: cells,
  coresPerCell: 4,
  threadsPerCore: 2,
  memoryMiBPerCell: 16384,
});

function guest(vm: string, vcpus: number, change: Partial<GuestSpec> = {}): GuestSpec {
  return plainGuest({
    vm,
    vcpus,
    memoryMiB: 512,
    cells: evenly(vcpus, 1, change.memoryMiB ?? 512),
    ...change,
  });
}

function evenly(vcpus: number, count: number, memoryMiB: number): GuestSpec['cells'] {
  return Array.from({ length: count }, (_, id) => {
    const own = CpuSet.range((id * vcpus) / count, ((id + 1) * vcpus) / count - 1);
    return { id, vcpus: own, dedicated: own, memoryMiB: memoryMiB / count };
  });
}

/** A node on which these guests run, each on the cells said. */
function node(
  cells: number,
  guests: readonly (readonly [GuestSpec, ...number[]])[],
  policy: HostPolicy = { strategy: 'pack' },
): RunningHost {
  const host = new RunningHost(hostOf(machine(cells), policy));
  for (const [spec, ...on] of guests) {
    const offer = host.offer({ ...spec, allowedCells: on });
    if (!offer.ok) throw new Error(`${spec.vm} does not fit`);
    host.put({ ...offer.guest, spec });
  }
  return host;
}

const totalMiB = (steps: readonly Step[]) => steps.reduce((sum, step) => sum + stepCostMiB(step), 0);
const movers = (steps: readonly Step[]) => steps.map(step => step.from.spec.vm);

/** Rules that the newcomer or any step breaks, looked at one after the other from `claims` on. */
function brokenRules(
  host: RunningHost,
  claims: readonly Claim[],
  places: readonly RunningGuest[],
): readonly string[] {
  const live = new Map(claims.map(claim => [claim.vm, claim]));
  return places.flatMap(({ spec, placement, claim }) => {
    live.delete(spec.vm);
    const others = { ...host.model.host, claims: [...live.values()] };
    live.set(spec.vm, claim);
    return checkPlacement({ host: others, spec, placement, claim });
  });
}

describe('room on a node of two cells', () => {
  test('is made by moving the guest with the least memory when the free CPUs lie apart', () => {
    const host = node(2, [
      [guest('big', 4, { memoryMiB: 4096 }), 0],
      [guest('cheap', 2, { memoryMiB: 256 }), 0],
      [guest('dear', 2, { memoryMiB: 1024 }), 1],
      [guest('other', 4, { memoryMiB: 4096 }), 1],
    ]);
    const wanted = guest('new', 4);
    expect(host.offer(wanted).ok).toBe(false);
    const room = makeRoom(host, wanted);
    expect(movers(room!.steps)).toEqual(['cheap']);
    expect(room!.costMiB).toBe(256);
    expect(room!.newcomer.placement.nodeset).toBe('0');
  });

  test('costs nothing when re-pinning mends half-used cores', () => {
    const odd = ['a', 'b', 'c', 'd'].map(vm => [guest(vm, 1), 0] as const);
    const host = node(1, odd, { strategy: 'spread' });
    for (const [index, running] of [...host.guests.values()].entries()) {
      const claim = {
        ...running.claim,
        cells: running.claim.cells.map(cell => ({ ...cell, pcpus: `${index}` })),
      };
      const cpus = `${index}`;
      host.put({
        ...running,
        claim,
        placement: {
          ...running.placement,
          pins: { 0: cpus },
          emulator: { ...running.placement.emulator, cpus, atStart: cpus },
        },
      });
    }
    const wanted = guest('new', 4, { threadPolicy: 'require' });
    expect(host.offer(wanted).ok).toBe(false);
    const before = host.claims;
    const room = makeRoom(host, wanted);
    expect(room!.costMiB).toBe(0);
    expect(new Set(room!.steps.flatMap(changesOf).map(change => change.change))).toEqual(
      new Set(['repin-vcpu', 'repin-emulator']),
    );
    expect(brokenRules(host, before, [...room!.steps.map(step => step.to), room!.newcomer])).toEqual([]);
  });

  test('is made by a chain of moves, each into the room that the one before left', () => {
    const host = node(2, [
      [guest('five', 5, { memoryMiB: 4096 }), 0],
      [guest('one', 1, { memoryMiB: 128 }), 0],
      [guest('three-a', 3, { memoryMiB: 512 }), 1],
      [guest('three-b', 3, { memoryMiB: 512 }), 1],
    ]);
    const before = host.claims;
    const room = makeRoom(host, guest('new', 4));
    expect(movers(room!.steps)).toEqual(['one', 'three-a']);
    expect(brokenRules(host, before, [...room!.steps.map(step => step.to), room!.newcomer])).toEqual([]);
  });

  test('is made by an exchange through a third cell when two guests wait for each other’s place', () => {
    const host = node(3, [
      [guest('three', 3, { memoryMiB: 256 }), 0],
      [guest('four', 4, { memoryMiB: 512 }), 0],
      [guest('two', 2, { memoryMiB: 128 }), 1],
      [guest('five', 5, { memoryMiB: 512 }), 1],
      [guest('aside', 5, { memoryMiB: 512 }), 2],
    ]);
    const before = host.claims;
    const wanted = guest('new', 4, { cells: evenly(4, 2, 512), allowedCells: [0, 2] });
    const room = makeRoom(host, wanted);
    expect(movers(room!.steps).sort()).toEqual(['three', 'three', 'two']);
    expect(room!.costMiB).toBe(256 + 256 + 128);
    expect(brokenRules(host, before, [...room!.steps.map(step => step.to), room!.newcomer])).toEqual([]);
  });

  test('cannot be made when the whole node has too little, and nothing changes', () => {
    const host = node(2, [
      [guest('a', 6), 0],
      [guest('b', 6), 1],
    ]);
    const before = host.claims;
    expect(makeRoom(host, guest('new', 5))).toBeNull();
    expect(host.claims).toEqual(before);
  });

  test('is not made by splitting a guest that was told of its siblings', () => {
    const foreign: Claim = {
      vm: 'foreign',
      source: 'observed',
      cells: [{ hostCell: 0, pcpus: '1-3', sharedVcpus: 0, memoryMiB: 0, pageSizeKiB: null, pages: 0 }],
    };
    const untold = {
      preferred: { sockets: null, cores: null, threads: 1 },
      maximum: { sockets: null, cores: null, threads: null },
    };
    const told = plainGuest().topology;
    const splits = [told, untold].map(topology => {
      const host = new RunningHost(hostOf(machine(1), { strategy: 'spread' }, [foreign]));
      const pair = host.offer(guest('pair', 2, { topology }));
      if (pair.ok) host.put(pair.guest);
      expect(host.claims[1]!.cells[0]!.pcpus).toBe('0,4');
      return makeRoom(host, guest('new', 1, { threadPolicy: 'isolate' }));
    });
    expect(splits.map(room => room?.costMiB)).toEqual([undefined, 0]);
  });

  test('leaves guests alone of which only the claim is known', () => {
    const foreign: Claim = {
      vm: 'foreign',
      source: 'observed',
      cells: [
        { hostCell: 0, pcpus: '0-1,8-9', sharedVcpus: 0, memoryMiB: 64, pageSizeKiB: null, pages: 16384 },
      ],
    };
    const host = new RunningHost(hostOf(machine(2), { strategy: 'pack' }, [foreign]));
    const resident = host.offer({ ...guest('resident', 4), allowedCells: [1] });
    if (resident.ok) host.put({ ...resident.guest, spec: guest('resident', 4) });
    const room = makeRoom(host, guest('new', 8));
    expect(movers(room!.steps)).toEqual(['resident']);
    expect(host.claims[0]).toEqual(foreign);
  });
});

interface Wish {
  readonly vcpus: number;
  readonly cells: number;
  readonly memoryMiB: number;
  readonly threads: GuestSpec['threadPolicy'];
  readonly emulator: 'float' | 'isolate';
  readonly on: number;
}

const wishes: fc.Arbitrary<Wish> = fc.record({
  vcpus: fc.integer({ min: 1, max: 3 }),
  cells: fc.constantFrom(1, 1, 1, 2),
  memoryMiB: fc.constantFrom(128, 256, 1024, 5000),
  threads: fc.constantFrom(null, null, 'prefer', 'require', 'isolate'),
  emulator: fc.constantFrom('float', 'float', 'float', 'isolate'),
  on: fc.nat(2),
});

function wished(vm: string, { vcpus, cells, memoryMiB, threads, emulator }: Wish): GuestSpec {
  const all = { vcpus: vcpus * cells, memoryMiB: memoryMiB * cells };
  return guest(vm, all.vcpus, {
    ...all,
    cells: evenly(all.vcpus, cells, all.memoryMiB),
    threadPolicy: threads,
    emulator,
  });
}

/** A node of two or three cells on which guests were dealt out, and one more guest. */
const dealtHosts = (ratios: readonly number[]) =>
  fc
    .record({
      cells: fc.integer({ min: 2, max: 3 }),
      guests: fc.array(wishes, { minLength: 5, maxLength: 14 }),
      newcomer: wishes,
      strategy: fc.constantFrom('pack', 'spread'),
      ratio: fc.constantFrom(...ratios),
    })
    .map(({ cells, guests, newcomer, strategy, ratio }) => {
      const running = new RunningHost(hostOf(machine(cells), { strategy, emulator_overcommit_ratio: ratio }));
      guests.forEach((wish, index) => {
        const spec = wished(`g${index}`, wish);
        const first = wish.on % cells;
        const on = wish.cells === 1 ? [first] : [first, (first + 1) % cells];
        const offer = running.offer({ ...spec, allowedCells: on });
        if (offer.ok) running.put({ ...offer.guest, spec });
      });
      return { running, newcomer: wished('newcomer', newcomer) };
    });

/** Small hosts of any kind as well: shared and mixed guests, pages, devices, policies. */
const anyHosts = fc
  .record({ host: smallHosts, guests: fc.array(smallGuests, { maxLength: 7 }), newcomer: smallGuests })
  .map(({ host, guests, newcomer }) => {
    const running = new RunningHost({ ...host, claims: [] });
    guests.forEach((wish, index) => {
      const spec = { ...wish, vm: `g${index}` };
      const offer = running.offer(spec);
      if (offer.ok) running.put(offer.guest);
    });
    return { running, newcomer: { ...newcomer, vm: 'newcomer' } };
  });

const tightHosts = fc
  .oneof({ weight: 3, arbitrary: dealtHosts([1, 1, 2]) }, { weight: 1, arbitrary: anyHosts })
  .filter(({ running, newcomer }) => !running.offer(newcomer).ok);

/** The same without emulator pools, whose shared CPU no count by guests foresees. */
const tightHostsWithoutPools = fc
  .oneof(
    { weight: 3, arbitrary: dealtHosts([1]) },
    { weight: 1, arbitrary: anyHosts.filter(({ running }) => running.model.policy.emulatorRatio === 1) },
  )
  .filter(({ running, newcomer }) => !running.offer(newcomer).ok);

describe('room on any small host', () => {
  test('is made by steps that are each valid; without room nothing changes', () => {
    let made = 0;
    fc.assert(
      fc.property(tightHosts, ({ running, newcomer }) => {
        const before = running.claims;
        const guests = [...running.guests.values()];
        const room = makeRoom(running, newcomer);
        if (room === null) {
          expect(running.claims).toEqual(before);
          return;
        }
        made += 1;
        const places = [...room.steps.map(step => step.to), room.newcomer];
        expect(brokenRules(running, before, places)).toEqual([]);
        expect(room.costMiB).toBe(totalMiB(room.steps));
        for (const { spec, placement } of guests) {
          const now = running.guests.get(spec.vm)!.placement;
          expect(now.topology).toEqual(placement.topology);
          expect(now.devices).toEqual(placement.devices);
          expect(now.cells.map(cell => cell.pageSizeKiB)).toEqual(
            placement.cells.map(cell => cell.pageSizeKiB),
          );
        }
      }),
      { numRuns: 400, seed: 11 },
    );
    expect(made).toBeGreaterThan(20);
  });

  test('is found, and not dearer, where moving one guest of one cell is enough', () => {
    fc.assert(
      fc.property(tightHostsWithoutPools, ({ running, newcomer }) => {
        const single = cheapestSingleMove(running, newcomer);
        const room = makeRoom(running, newcomer);
        if (single !== null) expect(room?.costMiB ?? Infinity).toBeLessThanOrEqual(single);
      }),
      { numRuns: 300, seed: 13 },
    );
  });

  test('is the same when asked again', () => {
    fc.assert(
      fc.property(tightHosts, ({ running, newcomer }) => {
        const first = makeRoom(running, newcomer);
        for (const step of [...(first?.steps ?? [])].reverse()) running.put(step.from);
        expect(makeRoom(running, newcomer)).toEqual(first);
      }),
      { numRuns: 100, seed: 17 },
    );
  });
});

/** By trying: the least memory that one guest's move to another cell copies so that the newcomer fits. */
function cheapestSingleMove(host: RunningHost, newcomer: GuestSpec): number | null {
  let best: number | null = null;
  for (const from of [...host.guests.values()]) {
    if (from.placement.cells.length > 1 || from.placement.devices.length > 0) continue;
    for (const cell of host.model.cells) {
      if (!(from.spec.allowedCells?.includes(cell.id) ?? true)) continue;
      const to = relocate(host, from, [cell.id]);
      if (to === null) continue;
      host.put(to);
      const cost = stepCostMiB({ from, to });
      if (host.offer(newcomer).ok && (best === null || cost < best)) best = cost;
      host.put(from);
    }
  }
  return best;
}
