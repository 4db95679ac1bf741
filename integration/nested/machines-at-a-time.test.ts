import { machinesAtATime } from './machines-at-a-time.ts';

const GIB = 2 ** 30;

it('takes a machine for each CPU as far as the memory goes, and one at least', () => {
  expect(machinesAtATime(2, 22 * GIB)).toBe(2);
  expect(machinesAtATime(8, 22 * GIB)).toBe(3);
  expect(machinesAtATime(2, 11.9 * GIB)).toBe(1);
  expect(machinesAtATime(1, 2 * GIB)).toBe(1);
});
