import fc from 'fast-check';
import { parseCpuList } from '../domain/cpu-list.ts';
import { countCpuList } from './count-cpu-list.ts';

const tried = <Result>(parse: () => Result): Result | 'refused' => {
  try {
    return parse();
  } catch {
    return 'refused';
  }
};

describe('counting a CPU list', () => {
  test('accepts and refuses what the parser does', () => {
    const scrap = fc.constantFrom('0', '3', '17', '-', ',', ' ', '^', '\n', '65535', '65536', '\0', 'x');
    fc.assert(
      fc.property(fc.array(scrap, { maxLength: 8 }), pieces => {
        const text = pieces.join('');
        expect(tried(() => countCpuList(text)) === 'refused').toBe(
          tried(() => parseCpuList(text)) === 'refused',
        );
      }),
      { numRuns: 5000 },
    );
  });

  test('gives the size of the set where nothing is repeated', () => {
    expect(countCpuList('0-3,8,10-11\n')).toBe(7);
    expect(countCpuList('')).toBe(0);
    expect(countCpuList('0-65535')).toBe(65536);
  });
});
