import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hostOf } from '../machines/host-of.ts';
import { namedMachine } from '../machines/named-machines.ts';
import { renderMachine } from '../machines/render-machine.ts';
import { topologyOf } from '../machines/topology-of.ts';
import { writeTree } from '../adapters/local/write-tree.ts';
import { PROGRAM, runPinfold } from '../testing/built-program.ts';
import { VERBS } from './verbs.ts';

const folder = mkdtempSync(join(tmpdir(), 'pinfold-cli-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const machine = namedMachine('dual-socket-smt');
const host = hostOf(machine);
const request = (changes: object = {}) => ({
  kind: 'pinfold/request',
  version: 1,
  vm: '101',
  vcpus: 4,
  memoryMiB: 1024,
  extraSpecs: { 'hw:cpu_policy': 'dedicated' },
  ...changes,
});

function file(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

interface Answer {
  readonly vm: string | null;
  readonly fits: boolean;
  readonly error?: { readonly code: string };
  readonly timing?: { readonly modelUs: number; readonly decideUs: number };
}

describe('pinfold place', () => {
  const hostFile = file('host.json', host);

  test.each([
    ['fits', request(), 0, { fits: true, vm: '101' }],
    ['does not fit', request({ vcpus: 100 }), 3, { fits: false, vm: '101' }],
    [
      'has a wrong option',
      request({ extraSpecs: { 'hw:cpu_policy': 'mine' } }),
      2,
      { fits: false, vm: '101' },
    ],
    ['has an unknown key', request({ cpus: 3 }), 2, { fits: false, vm: null }],
    ['is no JSON', '{"kind"', 2, { fits: false, vm: null }],
  ])('answers a request that %s with a decision and its exit code', (_, asked, exit, expected) => {
    const { code, stdout } = runPinfold([
      'place',
      '--host',
      hostFile,
      '--request',
      file('request.json', asked),
    ]);
    expect(code).toBe(exit);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'pinfold/decision', ...expected });
  });

  test('reads either document from standard input', () => {
    const answer = runPinfold(['place', '--host', hostFile, '--request', '-'], JSON.stringify(request()));
    expect(answer.code).toBe(0);
    const requestFile = file('request.json', request());
    expect(runPinfold(['place', '--host', '-', '--request', requestFile], JSON.stringify(host))).toEqual(
      answer,
    );
  });

  test.each([
    [['place'], /needs both --host FILE and --request FILE/],
    [['place', '--host', '-', '--request', '-'], /Only one of/],
    [['place', '--host', '/none', '--request', '-'], /could not be read \(ENOENT\)/],
    [['place', '--batch', '--host', 'x'], /With --batch/],
  ])('%j says what is wrong, in one sentence, with exit code 2', (words, message) => {
    const { code, stdout, stderr } = runPinfold(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('orders for a terminal in a document are written out in what is said of it, and line ends stay', () => {
    const asked = file('request.json', request());
    const evil = JSON.stringify({ kind: 'pinfold/host', version: 1, '\u001b[2J\u009b\n': 1 });
    const { code, stderr } = runPinfold(['status', '--host', file('evil.json', evil)]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('unknown key "\\u{1b}[2J\\u{9b}')]);
    const where = runPinfold(['where', asked, '--hosts', file('hosts.jsonl', `${evil}\n`)]);
    expect([where.code, where.stdout]).toEqual([4, expect.stringContaining('key "\\u{1b}[2J\\u{9b}')]);
    for (const text of [stderr, where.stdout]) expect(text).not.toMatch(/[^\n\P{Cc}]/u);
  });

  test('a batch answers every line that is not blank, in order, whatever it holds', () => {
    const line = (asked: unknown) => JSON.stringify({ host, request: asked });
    const input = [
      line(request({ vm: 'a' })),
      '',
      '   ',
      `${line(request({ vm: 'b', vcpus: 100 }))}\r`,
      'garbage \u0000',
      '[]',
      '{}',
      '['.repeat(100000),
      JSON.stringify({ host, request: request(), extra: 1 }),
      line(request({ vm: 'c', extraSpecs: { 'hw:nope': '1' } })),
      line(request({ vm: 'd' })),
    ].join('\n');
    const { code, stdout } = runPinfold(['place', '--batch', '--timing'], input);
    const answers = stdout
      .trim()
      .split('\n')
      .map(text => JSON.parse(text) as Answer);
    expect(code).toBe(0);
    expect(answers.map(({ vm }) => vm)).toEqual(['a', 'b', null, null, null, null, null, 'c', 'd']);
    expect(answers.map(({ fits }) => fits)).toEqual([true, ...Array<boolean>(7).fill(false), true]);
    expect(answers[2]!.error!.code).toBe('document-not-json');
    expect(answers[5]!.error!.code).toBe('document-too-large');
    for (const { timing } of [answers[0]!, answers[8]!]) {
      expect(timing!.modelUs).toBeGreaterThan(0);
      expect(timing!.decideUs).toBeGreaterThan(0);
    }
    expect(answers.map(answer => Object.hasOwn(answer, 'timing')).filter(Boolean)).toHaveLength(4);
  });

  test('a line that is longer than any document is answered, and the next one too', () => {
    const long = Buffer.alloc(40 * 1024 * 1024, 'x');
    const input = Buffer.concat([long, Buffer.from(`\n${JSON.stringify({ host, request: request() })}`)]);
    const { code, stdout } = runPinfold(['place', '--batch'], input);
    const answers = stdout
      .trim()
      .split('\n')
      .map(text => JSON.parse(text) as Answer);
    expect(code).toBe(0);
    expect(answers.map(({ fits, error }) => error?.code ?? fits)).toEqual(['document-too-large', true]);
  });
});

/** Runs the program and closes its standard output after the first bytes. */
function readFirstBytes(words: readonly string[], input: string) {
  return new Promise<{ readonly code: number | null; readonly stderr: string }>(resolve => {
    const child = spawn(process.execPath, [PROGRAM, ...words]);
    let stderr = '';
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    child.stdin.on('error', () => undefined);
    child.on('close', code => {
      resolve({ code, stderr });
    });
    child.stdin.end(input);
  });
}

describe('pinfold', () => {
  test('topology of a tree is the machine that the tree was made from', () => {
    const root = join(folder, 'tree');
    writeTree(renderMachine(machine), root);
    const { code, stdout } = runPinfold(['topology', '--root', root, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(topologyOf(machine));
    expect(runPinfold(['status', '--root', root]).stdout).toContain('socket 1');
    expect(JSON.parse(runPinfold(['status', '--root', root, '--json']).stdout)).toMatchObject({
      kind: 'pinfold/status',
      cpus: { free: '0-31' },
      guests: [],
    });
  });

  test.each([
    [[], 'A verb is missing'],
    [['topolgy'], 'did you mean "topology"? The verbs are topology, place, '],
    [['place\n'], 'There is no verb "place\\n"'],
    [['--json', 'topology'], 'The first word must be a verb, and "--json" is none'],
    [['topology', '--rot', 'x'], 'did you mean --root?'],
    [['topology', '-j'], 'topology has no option "-j": did you mean --json?'],
    [['topology', '--no-json'], 'did you mean --json?'],
    [['topology', '--', '--root'], 'topology has no option "--"'],
    [['demo', 'extra'], '"extra" is not understood'],
    [['replay'], 'FILE is missing'],
    [['replay', 'a', 'b'], '"b" is not understood'],
    [['topology', '--root'], '--root needs a value'],
    [['topology', '--root', ''], '--root needs a value'],
    [['topology', '--root', '--json'], '--root needs a value'],
    [['topology', '--json', '--json'], '--json is given twice'],
    [['place', '--host=a', '--host', 'b', '--request', 'c'], '--host is given twice'],
    [
      ['place', '--timing=maybe', '--host', '/none', '--request', '-'],
      '--timing takes no value, and "maybe" was given',
    ],
    [['status', '--root', '/none'], 'The tree /none given with --root does not exist'],
    [['topology', '--root', '/none'], 'The tree /none given with --root does not exist'],
    [['status', '--root', __filename], 'given with --root is no folder'],
    [['topology', '--root', __filename], 'given with --root is no folder'],
    [['topology', '--root', `${__filename}/below`], 'given with --root does not exist'],
    [['status', '--root', '/'], 'is "/", the machine itself'],
  ])('%j is wrong usage: one sentence, exit code 2', (words, message) => {
    const { code, stdout, stderr } = runPinfold(words);
    expect(stderr).toContain(message);
    expect({ code, stdout, lines: stderr.trim().split('\n').length }).toEqual({
      code: 2,
      stdout: '',
      lines: 1,
    });
  });

  test('tells its version and helps', () => {
    expect(runPinfold(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { code, stdout } = runPinfold(['--help']);
    expect(code).toBe(0);
    for (const words of ['topology', 'place', 'status', 'demo', 'Exit codes'])
      expect(stdout).toContain(words);
    expect(runPinfold(['place', '--help']).stdout).toContain('--timing');
    expect(runPinfold(['help', 'place']).stdout).toBe(runPinfold(['place', '--help']).stdout);
    expect(runPinfold(['version'])).toEqual(runPinfold(['--version']));
  });

  test.each(Object.keys(VERBS))('%s helps in at most 80 columns, with an example', verb => {
    const { code, stdout, stderr } = runPinfold([verb, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`  pinfold ${verb}`);
    expect(stdout.split('\n').filter(line => line.length > 80)).toEqual([]);
  });

  test('a reader that goes away ends it without a word', async () => {
    const batch = `${JSON.stringify({ host, request: request() })}\n`.repeat(200);
    expect(await readFirstBytes(['place', '--batch'], batch)).toEqual({ code: 0, stderr: '' });
  });

  test('an answer that cannot be written is told in one sentence', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, '--version'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^pinfold: the answer could not be written \(ENOSPC\): [^\n]*\n$/);
  });
});
