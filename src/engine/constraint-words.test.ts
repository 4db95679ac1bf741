import { CONSTRAINTS } from '../domain/refusal-codes.ts';
import { CONSTRAINT_WORDS } from './constraint-words.ts';

/** A number right before a noun of the wrong number. */
const ONE_OF_MANY = /\b1 (?:(?:dedicated|free|shared) )?(?:v?CPU|core|thread|page)s\b/;
const MANY_OF_ONE = /\b[02] (?:(?:dedicated|free|shared) )?(?:v?CPU|core|thread|page)\b/;

test.each(CONSTRAINTS)('%s is told in plain English, of one as of many', constraint => {
  const words = CONSTRAINT_WORDS[constraint];
  expect(words(1, 1, 3)).not.toMatch(ONE_OF_MANY);
  expect(words(2, 0, 3)).not.toMatch(MANY_OF_ONE);
});

test('a guest that needs one CPU is told so in the singular', () => {
  expect(CONSTRAINT_WORDS['free-dedicated-cpus'](1, 0, 2)).toBe(
    'needs 1 dedicated CPU, and host cell 2 has 0 free',
  );
});
