import fc from 'fast-check';
import { parseCpuList } from './cpu-list.ts';
import { CpuSet } from './cpu-set.ts';
import { parseCpuSpec, parseVcpuMask } from './cpu-spec.ts';

const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 1100 }), { maxLength: 60 });
const sorted = (values: Iterable<number>) => [...values].sort((a, b) => a - b);

describe('a CPU set', () => {
  test('is written as the kernel writes it', () => {
    expect(CpuSet.of([8, 3, 1, 0, 2, 2]).toString()).toBe('0-3,8');
    expect(CpuSet.of([0, 1]).toString()).toBe('0-1');
    expect(CpuSet.EMPTY.toString()).toBe('');
    expect(CpuSet.range(30, 65).toString()).toBe('30-65');
  });

  test('reads back what it wrote', () => {
    fc.assert(
      fc.property(numbers, cpus => {
        const set = CpuSet.of(cpus);
        expect(parseCpuList(set.toString()).equals(set)).toBe(true);
        expect(set.toArray()).toEqual(sorted(cpus));
        expect(set.size).toBe(cpus.length);
        expect(set.first).toBe(sorted(cpus)[0]);
        expect(set.highest).toBe(sorted(cpus).at(-1) ?? -1);
      }),
    );
  });

  test('has the algebra of sets', () => {
    fc.assert(
      fc.property(numbers, numbers, (left, right) => {
        const [a, b] = [CpuSet.of(left), CpuSet.of(right)];
        expect(a.union(b).toArray()).toEqual(sorted(new Set([...left, ...right])));
        expect(a.intersect(b).toArray()).toEqual(sorted(left.filter(cpu => right.includes(cpu))));
        expect(a.minus(b).toArray()).toEqual(sorted(left.filter(cpu => !right.includes(cpu))));
        expect(a.intersects(b)).toBe(left.some(cpu => right.includes(cpu)));
        expect(a.isSubsetOf(b)).toBe(left.every(cpu => right.includes(cpu)));
        expect(a.equals(b)).toBe(a.isSubsetOf(b) && b.isSubsetOf(a));
        expect(a.take(3).toArray()).toEqual(sorted(left).slice(0, 3));
      }),
    );
  });
});

describe('the kernel list parser', () => {
  test.each([
    ['0-3,8\n', '0-3,8'],
    ['', ''],
    ['\n', ''],
    ['0-31\0', '0-31'],
    ['5,1-2', '1-2,5'],
  ])('reads %j as %j', (text, expected) => {
    expect(parseCpuList(text).toString()).toBe(expected);
  });

  test.each([
    '0-',
    '-1',
    '1--2',
    '^1',
    'a',
    '0 1',
    '3-1',
    '0,,1',
    '0-99999999999',
    '70000',
    '0-65535,0-65535',
    '0-31:2/4',
  ])('refuses %j', text => {
    expect(() => parseCpuList(text)).toThrow(/CPU|Range/);
  });
});

describe("Nova's CPU specification parser", () => {
  test.each([
    ['0-3,^2', '0-1,3'],
    ['^1,0-3', '0,2-3'],
    [' 0 - 3 , ^ 1 ,', '0,2-3'],
    ['^0', ''],
    ['00,7', '0,7'],
    ['0-7,^2-5', '0-1,6-7'],
  ])('reads %j as %j', (text, expected) => {
    expect(parseCpuSpec(text).toString()).toBe(expected);
  });

  test.each(['1-2-3', '1-', '-1', '--1', '^-1', '1_0', '+1', '0x1', '1.0', '１', '3-1', '^'])(
    'refuses %j',
    text => {
      expect(() => parseCpuSpec(text)).toThrow(/is no rule|ends before/);
    },
  );

  test('a mask of excludes alone is relative to all vCPUs', () => {
    expect(parseVcpuMask('^0-1', 6).toString()).toBe('2-5');
    expect(parseVcpuMask('1', 6).toString()).toBe('1');
  });
});
