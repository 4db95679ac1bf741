import type { Claim } from '../../domain/claim.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { liveRules } from '../../engine/rebalance/move-rules.ts';
import { planRebalance } from '../../engine/rebalance/plan-rebalance.ts';
import { RunningHost } from '../../engine/running-host.ts';
import { hostOf } from '../../machines/host-of.ts';
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

test('it cannot be made when the pages that it needs are gone', () => {
  const cells = host.topology.cells.map(one => ({
    ...one,
    pages: one.pages.map(pool => (one.id === cell ? { ...pool, free: 10 } : pool)),
  }));
  const short = { ...host, topology: { ...host.topology, cells } };
  expect(whyNotNow(short, entry, step)).toBe(`cell ${cell} has 10 of the 16384 pages of 4 KiB that it needs`);
});
