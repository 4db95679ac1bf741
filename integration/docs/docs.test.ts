import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { VERBS } from '../../src/cli/verbs.ts';
import { callsOf, faultOfCall } from './calls.ts';
import { messagesOf, sourceTexts, isSaidBy } from './messages.ts';
import { linksOf, anchorsOf } from './links.ts';
import { blocksOf } from './parse-page.ts';
import { pagesOf } from './pages.ts';
import { playPage } from './play-page.ts';
import { makeScratch, type Scratch } from './scratch.ts';

const CHECKOUT = join(__dirname, '../..');
const PAGES = pagesOf(CHECKOUT);
const textOf = (page: string) => readFileSync(join(CHECKOUT, page), 'utf8');

describe('the pages for users', () => {
  let scratch: Scratch;
  beforeAll(() => {
    scratch = makeScratch(CHECKOUT);
  }, 120_000);
  afterAll(() => {
    scratch.remove();
  });

  test.each(PAGES.filter(page => /^```(console|text demo)/m.test(textOf(page))))(
    'what %s shows is what its commands print (npm run docs writes it anew)',
    page => {
      const { differences, compared } = playPage(scratch, page, textOf(page));
      expect(differences).toEqual([]);
      expect(compared).toBeGreaterThan(0);
    },
    240_000,
  );

  test.each(PAGES)('%s calls only verbs and options that exist', page => {
    const faults = callsOf(textOf(page)).flatMap(call => faultOfCall(call, VERBS) ?? []);
    expect(faults).toEqual([]);
  });

  test.each(PAGES)('%s shows no answer of a command that nobody runs', page => {
    const others = blocksOf(textOf(page)).filter(
      ({ language, rest }) => language !== 'console' && rest !== 'demo',
    );
    expect(others.flatMap(({ lines }) => lines.filter(line => line.startsWith('$ ')))).toEqual([]);
  });

  test.each(PAGES)('the links of %s lead somewhere', page => {
    const broken = linksOf(textOf(page)).filter(({ path, anchor }) => {
      const target = path === '' ? join(CHECKOUT, page) : join(CHECKOUT, dirname(page), path);
      if (!existsSync(target)) return true;
      return anchor !== '' && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('every verb has its section among the commands', () => {
    const sections = [...textOf('docs/commands.md').matchAll(/^## (\S+)$/gm)].map(([, verb]) => verb);
    expect(sections.sort()).toEqual(Object.keys(VERBS).sort());
  });

  test('every message of the troubleshooting page is one that Pinfold says', () => {
    const sources = sourceTexts(CHECKOUT);
    const messages = messagesOf(textOf('docs/troubleshooting.md'));
    expect(messages.filter(message => !isSaidBy(message, sources))).toEqual([]);
    expect(messages.length).toBeGreaterThan(25);
  });
});
