import fc from 'fast-check';
import { nearest } from './nearest.ts';

const NAMES = [
  'hw:cpu_policy',
  'hw:cpu_thread_policy',
  'hw:cpu_sockets',
  'hw:cpu_max_sockets',
  'hw:mem_page_size',
];

describe('the nearest name', () => {
  test.each([
    ['hw:cpu_polcy', 'hw:cpu_policy'],
    ['hw:cpu_ploicy', 'hw:cpu_policy'],
    ['HW:CPU_THREAD_POLICY', 'hw:cpu_thread_policy'],
    ['hw:max_cpu_sockets', 'hw:cpu_max_sockets'],
    ['hw:page_mem_size', 'hw:mem_page_size'],
    ['hw:mempagesize', 'hw:mem_page_size'],
  ])('to %s is %s', (word, expected) => {
    expect(nearest(word, NAMES)).toBe(expected);
  });

  test('to a name is that name, whatever the others are', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ maxLength: 20 }), { minLength: 1, selector: name => name.toLowerCase() }),
        names => {
          for (const name of names) expect(nearest(name, names)).toBe(name);
        },
      ),
    );
  });

  test('among none is undefined', () => {
    expect(nearest('x', [])).toBeUndefined();
  });

  test('to a word of a million letters is found by its beginning', () => {
    expect(nearest(`hw:cpu_sockets${'x'.repeat(1e6)}`, NAMES)).toBeDefined();
  });
});
