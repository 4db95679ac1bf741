import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '../../domain/app-error.ts';
import { runPinfold } from '../../testing/built-program.ts';
import type { Verb } from '../verb.ts';
import { VERBS } from '../verbs.ts';
import { bashCompletion } from './bash-completion.ts';
import { EXIT_MEANINGS } from './exit-codes.ts';
import { manPage } from './man-page.ts';
import { optionsOf, wordKind } from './word-kinds.ts';
import { zshCompletion } from './zsh-completion.ts';

const NAMES = Object.keys(VERBS);
const folder = mkdtempSync(join(tmpdir(), 'pinfold-completion-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What bash offers for the last of these words, sorted, by running the script as readline does. */
function offered(...words: readonly string[]): readonly string[] {
  const script = join(folder, 'completion.bash');
  writeFileSync(script, bashCompletion(VERBS));
  const ask =
    'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pinfold; printf "%s\\n" "${COMPREPLY[@]}"';
  const { status, stdout, stderr } = spawnSync('bash', ['-c', ask, script, 'pinfold', ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter(Boolean).sort();
}

describe('completion', () => {
  test('knows what stands behind every option and argument that there is', () => {
    const open = Object.values(VERBS).flatMap(verb => [
      ...Object.entries(verb.options).flatMap(([name, { takes }]) => (takes === 'text' ? [name] : [])),
      ...(verb.argument === undefined ? [] : [verb.argument.name]),
    ]);
    expect(open.filter(name => wordKind(name) === undefined)).toEqual([]);
  });

  test('offers every verb, in bash', () => {
    expect(offered('')).toEqual([...NAMES, 'help', '--help', '--version'].sort());
    expect(offered('re')).toEqual(NAMES.filter(name => name.startsWith('re')).sort());
    expect(offered('help', 'sta')).toEqual(['status']);
  });

  test.each(NAMES)('offers every option of %s, in bash', name => {
    const options = optionsOf(VERBS[name]!).map(([option]) => `--${option}`);
    expect(offered(name, '--')).toEqual(options.sort());
  });

  test('offers files, folders and words where they belong, in bash', () => {
    writeFileSync(join(folder, 'trace.json'), '');
    expect(offered('replay', 'tr')).toEqual(['trace.json']);
    expect(offered('status', '--root', 'tr')).toEqual([]);
    expect(offered('completion', '')).toEqual(['bash', 'zsh']);
    expect(offered('where', '--strategy', 'p')).toEqual(['pack']);
  });

  test('names every verb and option for zsh, quoted whatever it holds', () => {
    const text = zshCompletion(VERBS);
    expect(text).toMatch(/^#compdef pinfold\n/);
    for (const [name, verb] of Object.entries(VERBS)) {
      const line = text.split('\n').find(one => one.startsWith(`  ${name}) _arguments`))!;
      for (const [option] of optionsOf(verb)) expect(line).toMatch(new RegExp(`'--${option}[=[]`));
    }
    const odd: Verb = {
      summary: "it's [odd]",
      options: { x: { takes: 'text', describe: "a [b] c's" } },
      examples: [],
      run: () => Promise.resolve(0),
    };
    expect(zshCompletion({ odd })).toContain(`'--x=[a \\[b\\] c'\\''s]:x: '`);
  });

  test('is printed by the verb, which knows two shells', () => {
    expect(runPinfold(['completion', 'zsh']).stdout).toMatch(/^#compdef pinfold/);
    const { code, stderr } = runPinfold(['completion', 'fish']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/no completion for "?fish/)]);
  });
});

describe('the manual page', () => {
  const page = manPage(VERBS, { version: '1.2.3', date: '2026-01-02' });

  test('names every verb, option and exit code', () => {
    expect(page).toMatch(/^\.TH PINFOLD 1 "2026-01-02" "pinfold 1\.2\.3"/);
    for (const [name, verb] of Object.entries(VERBS)) {
      const [, section = ''] = page.split(new RegExp(`^\\.SS pinfold ${name}\\b.*$`, 'm'));
      const own = section.split(/^\.SS |^\.SH /m)[0]!;
      for (const [option] of optionsOf(verb)) expect(own).toContain(`\\-\\-${option.replaceAll('-', '\\-')}`);
    }
    expect(EXIT_MEANINGS.map(([code]) => code)).toEqual(Object.values(EXIT));
    for (const [code, meaning] of EXIT_MEANINGS) expect(page).toContain(`.B ${code}\n${meaning}`);
  });

  test('has no line that groff could take for a request of ours', () => {
    const requests = page.split('\n').filter(line => /^[.']/.test(line));
    expect(requests.filter(line => !/^\.(TH|SH|SS|TP|PP|RS|RE|B|I|BI|BR|RI)\b/.test(line))).toEqual([]);
    const dotted: Verb = {
      summary: '.so x',
      options: {},
      examples: [['-', '.x\\y']],
      run: () => Promise.resolve(0),
    };
    const odd = manPage({ odd: dotted }, { version: '1', date: '2026-01-02' });
    expect(odd).toContain('\\&.x\\ey');
    expect(odd).not.toMatch(/^\.(so|x)/m);
  });
});
