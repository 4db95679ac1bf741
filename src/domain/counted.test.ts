import { allOf, counted } from './counted.ts';

test('one thing is named in the singular, none and many in the plural', () => {
  expect([0, 1, 2].map(count => counted(count, 'dedicated CPU'))).toEqual([
    '0 dedicated CPUs',
    '1 dedicated CPU',
    '2 dedicated CPUs',
  ]);
});

test('all of one thing is the only one', () => {
  expect([1, 3].map(count => allOf(count, 'vCPU'))).toEqual(['the only vCPU', 'all 3 vCPUs']);
});
