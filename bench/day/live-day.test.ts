import { liveDay } from './live-day.ts';

jest.setTimeout(300_000);

test('a short day on dual-socket-smt, damaged before each reconcile, breaks no rule and leaves nothing to mend', async () => {
  const day = await liveDay({
    machine: 'dual-socket-smt',
    policy: { cpu_allocation_ratio: 4, emulator_overcommit_ratio: 4, strategy: 'pack' },
    events: 40,
    seed: 13,
    reconcileEvery: 4,
    rebalanceEvery: 20,
  });
  expect(day.wrong).toEqual([]);
  // What it proves it must have met: most kinds of damage, guests that make room, findings that were mended.
  expect(Object.keys(day.damages).length).toBeGreaterThanOrEqual(6);
  expect(day.steps).toBeGreaterThan(0);
  expect(day.findings['done']).toBeGreaterThan(day.reconciles);
  expect(day.checks).toBeGreaterThan(50);
});
