import fc from 'fast-check';
import type { Host } from '../domain/host.ts';
import type { Claim } from '../domain/claim.ts';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import { checkPlacement } from '../testing/check-placement.ts';
import { smallWorlds, type SmallWorld } from '../testing/small-worlds.ts';
import { claimOf } from './claim-of.ts';
import { place } from './decide.ts';
import { buildHostModel } from './host-model.ts';
import { usageOf } from './usage.ts';

const decide = ({ host, spec }: SmallWorld) => place(buildHostModel(host), spec);
const RUNS = { numRuns: 1000, seed: 7 };

/** The same host with cells, cores, caches, claims and devices in another order. */
function shuffled(host: Host, turn: number): Host {
  const mix = <Item>(items: readonly Item[]): Item[] => {
    const cut = items.length === 0 ? 0 : turn % items.length;
    const rotated = [...items.slice(cut), ...items.slice(0, cut)];
    return turn % 2 === 0 ? rotated : rotated.reverse();
  };
  return {
    ...host,
    topology: {
      ...host.topology,
      cells: mix(host.topology.cells).map(cell => ({
        ...cell,
        cores: mix(cell.cores),
        caches: mix(cell.caches),
      })),
      devices: mix(host.topology.devices),
    },
    claims: mix(host.claims).map(claim => ({ ...claim, cells: mix(claim.cells) })),
  };
}

describe('the laws of placing', () => {
  test('the order of cells, cores, caches, claims and devices changes nothing', () => {
    fc.assert(
      fc.property(smallWorlds, fc.integer({ min: 0, max: 11 }), (world, turn) => {
        expect(decide({ ...world, host: shuffled(world.host, turn) })).toEqual(decide(world));
      }),
      RUNS,
    );
  });

  test('a guest placed and released leaves the host deciding as before, and while it is there nothing of it is given away', () => {
    fc.assert(
      fc.property(smallWorlds, world => {
        const outcome = decide(world);
        if (!outcome.ok) return;
        const { host, spec } = world;
        const claim = claimOf(buildHostModel(host), { placement: outcome.placement, spec, source: 'leased' });
        const held: Host = { ...host, claims: [...host.claims, claim] };
        const second = decide({ host: held, spec: { ...spec, vm: 'second' } });
        if (second.ok) expect(sharedCpus(claim, held, { spec, placement: second.placement })).toEqual('');
        const released = { ...held, claims: held.claims.filter(other => other.vm !== claim.vm) };
        expect(decide({ host: released, spec })).toEqual(outcome);
      }),
      RUNS,
    );
  });

  test('a guest is billed what its placement cost', () => {
    fc.assert(
      fc.property(smallWorlds, ({ host, spec }) => {
        const outcome = decide({ host, spec });
        if (!outcome.ok) return;
        const claim = claimOf(buildHostModel(host), {
          placement: outcome.placement,
          spec,
          source: 'observed',
        });
        const [billed] = usageOf({ ...host, claims: [claim] }).guests;
        expect(billed?.cost).toEqual(outcome.placement.cost);
      }),
      RUNS,
    );
  });

  test('one claim less never turns a yes into a no', () => {
    fc.assert(
      fc.property(smallWorlds, fc.nat(2), (world, which) => {
        if (!decide(world).ok) return;
        const claims = world.host.claims.filter((claim, index) => {
          const carriesPool = claim.emulator?.policy === 'isolate';
          return index !== which || carriesPool;
        });
        expect(decide({ ...world, host: { ...world.host, claims } }).ok).toBe(true);
      }),
      RUNS,
    );
  });

  test('free pages and memory added never turn a yes into a no', () => {
    fc.assert(
      fc.property(smallWorlds, world => {
        if (!decide(world).ok) return;
        const cells = world.host.topology.cells.map(cell => ({
          ...cell,
          memoryMiB: (cell.memoryMiB ?? 0) + 64,
          pages: cell.pages.map(pool => ({
            ...pool,
            total: pool.total + 16,
            free: pool.free === undefined || pool.free === null ? null : pool.free + 16,
          })),
        }));
        const host = { ...world.host, topology: { ...world.host.topology, cells } };
        expect(decide({ ...world, host }).ok).toBe(true);
      }),
      RUNS,
    );
  });

  test('every hint of a refusal is true', () => {
    fc.assert(
      fc.property(smallWorlds, world => {
        const outcome = decide(world);
        if (outcome.ok || outcome.refusal.hint === undefined) return;
        expect(outcome.refusal.hint).toMatch(/^It fits (with|once) .*\.$/);
        expect(
          outcome.refusal.cells.every(
            row => row.needed > row.available || row.constraint === 'host-cell-taken',
          ),
        ).toBe(true);
      }),
      RUNS,
    );
  });
});

/** CPUs that the second guest took from the first one's claim, pool CPUs aside. */
function sharedCpus(
  claim: Claim,
  host: Host,
  second: {
    readonly spec: SmallWorld['spec'];
    readonly placement: Parameters<typeof claimOf>[1]['placement'];
  },
): string {
  const later = claimOf(buildHostModel(host), { ...second, source: 'leased' });
  const cpus = (of: Claim) => CpuSet.union(of.cells.map(cell => parseCpuList(cell.pcpus)));
  const emulator = (of: Claim) =>
    of.emulator?.policy === 'isolate' ? parseCpuList(of.emulator.cpus) : CpuSet.EMPTY;
  return cpus(claim).intersect(cpus(later)).minus(emulator(claim)).minus(emulator(later)).toString();
}

describe('the checker of placements', () => {
  test('fails when any single pin, cell or page size of a valid placement is changed', () => {
    let changes = 0;
    fc.assert(
      fc.property(smallWorlds, fc.nat(1000), (world, dice) => {
        const outcome = decide(world);
        if (!outcome.ok) return;
        const { host, spec } = world;
        const { placement } = outcome;
        const claim = claimOf(buildHostModel(host), { placement, spec, source: 'leased' });
        const fails = (changed: typeof placement) => {
          changes += 1;
          expect(checkPlacement({ host, spec, placement: changed, claim })).not.toEqual([]);
        };
        const vcpu = `${dice % spec.vcpus}`;
        const last = parseCpuList(host.topology.cpus.online).highest;
        for (let cpu = 0; cpu <= last + 1; cpu += 1) {
          if (placement.pins[vcpu] !== `${cpu}`)
            fails({ ...placement, pins: { ...placement.pins, [vcpu]: `${cpu}` } });
        }
        const row = dice % placement.cells.length;
        const withCell = (change: object) => ({
          ...placement,
          cells: placement.cells.map((cell, index) => (index === row ? { ...cell, ...change } : cell)),
        });
        for (let id = 0; id <= host.topology.cells.length; id += 1)
          if (placement.cells[row]!.hostCell !== id) fails(withCell({ hostCell: id }));
        for (const sizeKiB of [null, 4, 2048, 1048576])
          if (placement.cells[row]!.pageSizeKiB !== sizeKiB) fails(withCell({ pageSizeKiB: sizeKiB }));
        fails(withCell({ memoryMiB: placement.cells[row]!.memoryMiB + 2 }));
        fails({ ...placement, emulator: { ...placement.emulator, cpus: `${last + 1}` } });
      }),
      RUNS,
    );
    expect(changes).toBeGreaterThan(1000);
  });
});
