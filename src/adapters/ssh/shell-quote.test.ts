import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { shellQuote } from './shell-quote.ts';

test('plain words stay readable, all others are quoted', () => {
  expect(shellQuote(['cat', '/sys/a-b_c.d', '--x=1'])).toBe("cat /sys/a-b_c.d '--x=1'");
  expect(shellQuote(['', "it's", '$(reboot)', '~root', 'a\nb'])).toBe(
    `'' 'it'\\''s' '$(reboot)' '~root' 'a\nb'`,
  );
});

test('a shell makes the same words of it again, whatever they hold', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 4 }), { minLength: 1, maxLength: 40 }),
      lists => {
        const words = lists.flat().filter(word => !word.includes('\0'));
        const said = execFileSync('sh', ['-c', shellQuote(['printf', String.raw`%s\0`, ...words, 'end'])]);
        expect(said.toString().split('\0')).toEqual([...words, 'end', '']);
      },
    ),
    { numRuns: 25 },
  );
});

test('what no program can be given is an error', () => {
  expect(() => shellQuote([])).toThrow('name of a program');
  expect(() => shellQuote(['a\0b'])).toThrow('NUL');
});
