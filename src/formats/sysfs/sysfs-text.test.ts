import fc from 'fast-check';
import { CpuSet } from '../../domain/cpu-set.ts';
import { kernelMask } from '../../machines/kernel-text.ts';
import { countOf, cpuListOf, cpuMaskOf, listText, numbersOf } from './sysfs-text.ts';

const cpuSets = fc
  .uniqueArray(fc.integer({ min: 0, max: 8191 }), { maxLength: 40 })
  .map(cpus => CpuSet.of(cpus));

describe('lists and masks of sysfs', () => {
  test('name the set that the kernel wrote', () => {
    fc.assert(
      fc.property(cpuSets, fc.constantFrom('', '\n', '\n\0', '\0'), (set, end) => {
        expect(cpuListOf(`${set.toString()}${end}`)?.equals(set)).toBe(true);
        expect(cpuMaskOf(`${kernelMask(set)}${end}`)?.equals(set)).toBe(true);
      }),
    );
  });

  test.each([
    ['00000000,0000ff00\n', '8-15'],
    ['00030\n', '4-5'],
    ['0\n', ''],
    ['1,00000000', '32'],
  ])('the mask %j is the set %j', (mask, list) => {
    expect(cpuMaskOf(mask)?.toString()).toBe(list);
  });

  test.each(['', 'x', '0x3', '1,1', '123456789', ',1', '1,', '1'.padEnd(100_000, ','), null])(
    '%j is no mask',
    mask => {
      expect(cpuMaskOf(mask)).toBeNull();
    },
  );

  test.each(['(null)', '^1', '0 1', '1-', '8192', '0-9999999', '0x3', '1;2', null])('%j is no list', list => {
    expect(cpuListOf(list)).toBeNull();
  });

  test('that are far too long are no answer', () => {
    expect(cpuListOf('1,'.repeat(100_000) + '1')).toBeNull();
    expect(cpuMaskOf('0'.padEnd(8, '0') + ',00000000'.repeat(10_000))).toBeNull();
  });
});

test.each([
  ['7\n', 7],
  [' 12 ', 12],
  ['-1', null],
  ['', null],
  ['1e3', null],
  ['9'.repeat(40), null],
  [null, null],
])('the file text %j counts %j', (text, count) => {
  expect(countOf(text)).toBe(count);
});

test('folders are known by their numbers, look-alikes are not', () => {
  const names = ['cpu0', 'cpu11', 'cpufreq', 'cpu', 'cpu-1', 'cpu99999', 'cpu2x', 'cpu8192'];
  expect(numbersOf(names, 'cpu').toString()).toBe('0,11');
});

test('numbers are written as the kernel writes them', () => {
  fc.assert(
    fc.property(cpuSets, set => {
      expect(listText(set.toArray())).toBe(set.toString());
    }),
  );
});
