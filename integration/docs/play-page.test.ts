import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { VERBS } from '../../src/cli/verbs.ts';
import { callsOf, faultOfCall } from './calls.ts';
import { anchorsOf, linksOf } from './links.ts';
import { isSaidBy, messagesOf } from './messages.ts';
import { playPage } from './play-page.ts';
import type { CommandAnswer, Scratch } from './scratch.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'play-page-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A place where commands answer what the test says. */
function scratchOf(answers: Readonly<Record<string, CommandAnswer>>, demo: readonly string[] = []): Scratch {
  return {
    folder: () => folder,
    run: (_, command, previous) =>
      command === 'echo $?' ? { lines: [String(previous)], code: 0 } : answers[command]!,
    demo: () => demo,
    remove: () => undefined,
  };
}

const page = (...lines: readonly string[]) => ['Text.', '', ...lines, '', 'More.'].join('\n');
const WHO = { who: { lines: ['one in 12 ms', 'two'], code: 0 } };

describe('a page that is played', () => {
  test('agrees where only volatile parts differ', () => {
    const text = page('```console', '$ who', 'one in    8 ms', 'two', '```');
    expect(playPage(scratchOf(WHO), 'a.md', text)).toMatchObject({ compared: 1, differences: [] });
  });

  test('differs where a line is another, missing or too many, and is written anew there alone', () => {
    for (const shown of [['one in 8 ms', 'three'], ['one in 8 ms'], [], ['one in 8 ms', 'two', 'three']]) {
      const { differences, rewritten } = playPage(
        scratchOf(WHO),
        'a.md',
        page('```console', '$ who', ...shown, '```'),
      );
      expect(differences).toEqual([{ line: 4, what: 'who', shown, real: ['one in 12 ms', 'two'] }]);
      expect(rewritten).toBe(page('```console', '$ who', 'one in 12 ms', 'two', '```'));
    }
  });

  test('must show that a command failed', () => {
    const fails = scratchOf({ no: { lines: ['no'], code: 3 } });
    expect(() => playPage(fails, 'a.md', page('```console', '$ no', 'no', '```'))).toThrow(/ended with 3/);
    const shown = page('```console', '$ no', 'no', '$ echo $?', '3', '```');
    expect(playPage(fails, 'a.md', shown).differences).toEqual([]);
  });

  test('joins lines of one command', () => {
    const scratch = scratchOf({ 'cat <<E\na\nE': { lines: ['a'], code: 0 } });
    const text = page('```console', '$ cat <<E', '> a', '> E', 'a', '```');
    expect(playPage(scratch, 'a.md', text).differences).toEqual([]);
  });

  test('writes and appends the files that it shows, and none outside its folder', () => {
    playPage(
      scratchOf({}),
      'a.md',
      page('```yaml etc/a.yaml', 'a: 1', '```', '```yaml +etc/a.yaml', 'b: 2', '```'),
    );
    expect(readFileSync(join(folder, 'etc/a.yaml'), 'utf8')).toBe('a: 1\nb: 2\n');
    expect(() => playPage(scratchOf({}), 'a.md', page('```text ../x', 'y', '```'))).toThrow(/no path/);
  });

  test('shows a run of lines of the demo', () => {
    const demo = ['Title', 'a 12 ms', 'b', 'c', 'End'];
    const play = (...lines: readonly string[]) =>
      playPage(scratchOf({}, demo), 'a.md', page('```text demo', ...lines, '```'));
    expect(play('a 9 ms', 'b', 'c').differences).toEqual([]);
    expect(play('a 9 ms', 'c').rewritten).toBe(page('```text demo', 'a 12 ms', 'b', 'c', '```'));
    expect(play('z').differences).toHaveLength(1);
  });
});

describe('what pages name', () => {
  test('verbs and options in blocks and between backticks are checked', () => {
    const faults = (text: string) => callsOf(text).flatMap(call => faultOfCall(call, VERBS) ?? []);
    expect(faults(page('`pinfold status --watch` and', '```sh', 'pinfold usage --csv > x', '```'))).toEqual(
      [],
    );
    expect(faults(page('`pinfold sttus`', '```sh', 'sudo pinfold usage --cvs', '```'))).toEqual([
      'usage has no option cvs',
      'there is no verb sttus',
    ]);
  });

  test('a message is one only when all its parts stand in one source, in order', () => {
    const sources = ['`VM ${vm} is locked (${lock}): wait.`', '`then try again`'];
    const [message] = messagesOf('## T\n\n> VM … is locked\n> (…): wait.\n\nText.\n');
    expect(message).toBe('VM … is locked (…): wait.');
    expect(isSaidBy(message!, sources)).toBe(true);
    expect(isSaidBy('is locked (…): wait … then try again', sources)).toBe(false);
    expect(isSaidBy('… (…) …', sources)).toBe(false);
  });

  test('links and anchors are found', () => {
    expect(linksOf('[a](b.md#c-d) [e](https://f) [g](#h)')).toEqual([
      { path: 'b.md', anchor: 'c-d' },
      { path: '', anchor: 'h' },
    ]);
    expect(anchorsOf('## From `affinity` and `numaN` of X\n')).toEqual(['from-affinity-and-numan-of-x']);
  });
});
