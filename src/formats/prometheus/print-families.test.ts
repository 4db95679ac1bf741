import * as fc from 'fast-check';
import { scrape } from '../../testing/prometheus-text.ts';
import { printFamilies } from './print-families.ts';

const gauge = (vms: readonly string[]) => ({
  name: 'pinfold_x',
  help: 'Back\\slash and\nline.',
  type: 'gauge' as const,
  samples: vms.map((vm, index) => ({ labels: { vm }, value: index / 3 })),
});

describe('text for Prometheus', () => {
  test('is what the format wants', () => {
    expect(printFamilies([gauge(['a"b\\c\nd'])])).toBe(
      '# HELP pinfold_x Back\\\\slash and\\nline.\n# TYPE pinfold_x gauge\npinfold_x{vm="a\\"b\\\\c\\nd"} 0\n',
    );
  });

  test('leaves families without samples out', () => {
    expect(printFamilies([gauge([])])).toBe('');
  });

  test('gives back every name as it was, whatever it is', () => {
    const names = fc.uniqueArray(
      fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\r', '}', ',', '=', 'ü', '\u2028', ' ', '#') }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(names, vms => {
        const read = scrape(printFamilies([gauge(vms)]));
        expect(read.map(({ labels }) => labels['vm'])).toEqual(vms);
        expect(read.map(({ value }) => value)).toEqual(vms.map((_, index) => index / 3));
      }),
    );
  });

  test.each([
    ['a sample twice', 'pinfold_x{vm="a"} 1\npinfold_x{vm="a"} 2\n'],
    ['a time stamp', 'pinfold_x{vm="a"} 1 1700000000\n'],
    ['a quote as it is', 'pinfold_x{vm="a"b"} 1\n'],
    ['another family', 'pinfold_y 1\n'],
    ['an end mark', 'pinfold_x 1\n# EOF\n'],
    ['no last line end', 'pinfold_x 1'],
    ['no number', 'pinfold_x one\n'],
  ])('is read by a checker that refuses %s', (_what, lines) => {
    expect(() => scrape(`# HELP pinfold_x X.\n# TYPE pinfold_x gauge\n${lines}`)).toThrow();
  });
});
