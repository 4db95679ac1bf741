import type { Change, Plan } from '../../domain/plan.ts';
import { priceText, renderPlan } from './render-plan.ts';

const change = (kind: Change['change'], from: string, to: string, costMiB = 0): Change => ({
  vm: 'web',
  change: kind,
  from,
  to,
  costMiB,
  live: true,
});
const plan: Plan = {
  kind: 'pinfold/plan',
  version: 1,
  before: { largestHole: 2, remoteMemoryMiB: 0, brokenCores: 3, balance: 40 },
  after: { largestHole: 8, remoteMemoryMiB: 0, brokenCores: 0, balance: 40 },
  changes: [
    change('repin-vcpu', '0 1 8', '4 5 12'),
    change('repin-emulator', '0-1,8', '4-5,12'),
    change('move-memory', '0', '1', 4608),
    { ...change('move-memory', '', '1', 300), vm: 'database' },
  ],
};

test('a plan is shown change by change with its price, then what is better by it', () => {
  const newcomer = { vm: 'late', cells: '0' };
  const fixed = [{ vm: 'old', reason: 'Pinfold did not place it' }];
  expect(renderPlan(plan, { host: 'node-1', newcomer, fixed }).split('\n')).toEqual([
    '4 changes of 2 guests on node-1: 4.8 GiB of memory are copied, about 6 s.',
    '',
    '  1  web       vCPUs, CPU 0-1,8 → 4-5,12',
    '  2  web       emulator, CPU 0-1,8 → 4-5,12',
    '  3  web       memory, cell 0 → 1            4.5 GiB, about 5 s',
    '  4  database  strayed memory → cell 1       0.29 GiB, about 1 s',
    '',
    '                            before     after',
    '  largest hole, CPUs             2         8',
    '  remote memory, MiB             0         0',
    '  half-used cores                3         0',
    '',
    'late then fits on cell 0.',
    '',
    'Left where they are:',
    '  old: Pinfold did not place it',
    '',
  ]);
});

test('a plan without changes says so in one line', () => {
  const empty = { ...plan, changes: [], after: plan.before };
  expect(renderPlan(empty, { host: 'node-1', newcomer: null, fixed: [] })).toBe(
    'Nothing is to be changed on node-1.\n',
  );
});

test('re-pins copy nothing', () => {
  expect(priceText(plan.changes.slice(0, 2))).toBe('no memory is copied, about 1 s');
});

test('no more than five guests that stay are named', () => {
  const fixed = Array.from({ length: 8 }, (_, i) => ({ vm: `g${i}`, reason: 'it is being started' }));
  const lines = renderPlan(plan, { host: 'node-1', newcomer: null, fixed }).trimEnd().split('\n');
  expect(lines.slice(-2)).toEqual(['  g4: it is being started', '  and 3 more']);
});
