import fc from 'fast-check';
import type { Claim } from '../../domain/claim.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { liveRules } from '../../engine/rebalance/move-rules.ts';
import { planRebalance } from '../../engine/rebalance/plan-rebalance.ts';
import { RunningHost } from '../../engine/running-host.ts';
import { hostOf } from '../../machines/host-of.ts';
import { hostsDealtTo } from '../../testing/dealt-hosts.ts';
import { plainGuest } from '../../testing/plain-guest.ts';
import { whyNotNow } from './step-check.ts';

/** Two cells of two CPUs (0-1 and 2-3) with one guest of one CPU on each: packed, one of them moves. */
const machine = {
  name: 'two-by-two',
  sockets: 1,
  cellsPerSocket: 2,
  coresPerCell: 2,
  threadsPerCore: 1,
  memoryMiBPerCell: 4096,
} as const;
const running = new RunningHost(hostOf(machine, { strategy: 'pack', emulator_overcommit_ratio: 2 }));
for (const [vm, cell] of [
  ['a', 0],
  ['b', 1],
] as const) {
  const spec = plainGuest({ vm });
  const offer = running.offer({ ...spec, allowedCells: [cell] });
  if (offer.ok) running.put({ ...offer.guest, spec });
}
const claims = running.claims;
const { steps } = planRebalance(running, { rules: liveRules(), newcomer: null, astrayMiB: new Map() });
const step = steps[0]!;
const host = { ...running.model.host, claims };
const entry: LedgerEntry = {
  vm: step.from.spec.vm,
  claim: step.from.claim,
  process: '7:1',
  marker: null,
  placement: step.from.placement,
  foreign: null,
};
const cpu = step.to.placement.pins['0']!;
const cell = step.to.placement.cells[0]!.hostCell;
const other = (change: Partial<Claim>): Claim => ({ vm: 'late', source: 'leased', cells: [], ...change });
const isolated = (pool: string) => ({ policy: 'isolate', cpus: pool, share: 0.5 }) as const;
const held = { hostCell: cell, sharedVcpus: 0, memoryMiB: 0, pageSizeKiB: null, pages: 0 };

test('a step of a plan for two-by-two can be made as long as nothing changed', () => {
  expect(whyNotNow(host, entry, step)).toBeNull();
});

test('it cannot be made when its guest is gone, was placed anew or is being changed', () => {
  expect(whyNotNow(host, undefined, step)).toBe('it does not run any more');
  expect(whyNotNow(host, { ...entry, process: null }, step)).toBe('it does not run any more');
  const elsewhere = { ...entry, placement: step.to.placement };
  expect(whyNotNow(host, elsewhere, step)).toBe('it was placed anew meanwhile');
  const pending = { to: step.to.placement, claim: step.to.claim, owner: '9:1' };
  expect(whyNotNow(host, { ...entry, step: pending }, step)).toBe('another change of it is under way');
});

test('it cannot be made when a start took its CPU, unless that carries emulators and this is one', () => {
  const taken = { ...host, claims: [...claims, other({ cells: [{ ...held, pcpus: cpu }] })] };
  expect(whyNotNow(taken, entry, step)).toBe(`late has CPU ${cpu} by now`);
});

test('a CPU that two guests keep idle beside the pool CPU of their emulators is no hindrance, unless one of them runs on it', () => {
  const [own, pool, idle] = ['0', '2', '3'];
  const cellOf = (pcpus: string, burnt: string) => ({ ...held, pcpus, ...(burnt === '' ? {} : { burnt }) });
  const claim = { ...step.to.claim, cells: [cellOf('0,2-3', idle)], emulator: isolated(pool) };
  const emulator = { ...step.to.placement.emulator, policy: 'isolate', cpus: pool } as const;
  const placement = { ...step.to.placement, pins: { 0: own }, emulator };
  const joins = { ...step, to: { ...step.to, placement, claim } };
  const beside = (pcpus: string, burnt: string) => {
    const late = other({ cells: [cellOf(pcpus, burnt)], emulator: isolated(pool) });
    const rest = claims.filter(({ vm }) => vm === step.from.spec.vm);
    return whyNotNow({ ...host, claims: [...rest, late] }, entry, joins);
  };
  expect(beside('2-3', idle)).toBeNull();
  expect(beside('2-3', '')).toBe('late has CPU 3 by now');
  expect(beside('0,2', '0')).toBe('late has CPU 0 by now');
});

const isolateGuests = hostsDealtTo(
  fc.record({
    vcpus: fc.integer({ min: 1, max: 2 }),
    two: fc.constant(false),
    memoryMiB: fc.constant(128),
    threads: fc.constantFrom('isolate', 'isolate', null),
    emulator: fc.constantFrom('isolate', 'isolate', 'float'),
    on: fc.nat(2),
  }),
);

test('each step of a plan can be made after those before it, on any small node', () => {
  let [steps, joined] = [0, 0];
  fc.assert(
    fc.property(isolateGuests, fc.boolean(), ({ running: world, newcomer }, forNewcomer) => {
      const before = world.claims;
      const asked = { rules: liveRules(), newcomer: forNewcomer ? newcomer : null, astrayMiB: new Map() };
      const now = new Map(before.map(one => [one.vm, one]));
      for (const made of planRebalance(world, asked).steps) {
        const { from, to } = made;
        const runs = { ...entry, vm: to.spec.vm, claim: from.claim, placement: from.placement };
        expect(whyNotNow({ ...world.model.host, claims: [...now.values()] }, runs, made)).toBeNull();
        now.set(to.spec.vm, to.claim);
        steps += 1;
        if (to.claim.cells.some(({ burnt }) => burnt !== undefined) && to.spec.emulator === 'isolate')
          joined += 1;
      }
    }),
    { numRuns: 120, seed: 3 },
  );
  expect(steps).toBeGreaterThan(40);
  expect(joined).toBeGreaterThan(12);
});

test('it cannot be made when the pages that it needs are gone', () => {
  const cells = host.topology.cells.map(one => ({
    ...one,
    pages: one.pages.map(pool => (one.id === cell ? { ...pool, free: 10 } : pool)),
  }));
  const short = { ...host, topology: { ...host.topology, cells } };
  expect(whyNotNow(short, entry, step)).toBe(`cell ${cell} has 10 of the 16384 pages of 4 KiB that it needs`);
});
