import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostOf } from '../machines/host-of.ts';
import { twoCells } from '../testing/two-cells.ts';
import { runVerb } from './run-verb.ts';

const folder = mkdtempSync(join(tmpdir(), 'pinfold-captures-'));
const written: string[] = [];
const request = {
  kind: 'pinfold/request',
  version: 1,
  vm: 'web',
  vcpus: 2,
  memoryMiB: 512,
  extraSpecs: { 'hw:cpu_policy': 'dedicated' },
};
/** A capture of a node on which web has CPUs 0 and 8. */
const capture = join(folder, 'capture.json');
const requestFile = join(folder, 'request.json');

beforeAll(() => {
  const claim = { vm: 'web', source: 'observed', cells: [{ hostCell: 0, pcpus: '0,8', memoryMiB: 512 }] };
  const state = {
    ...hostOf(twoCells),
    claims: [claim],
    versions: { pinfold: '0' },
    requests: { web: request },
  };
  writeFileSync(capture, JSON.stringify(state));
  const extraSpecs = { ...request.extraSpecs, 'hw:numa_nodes': '2' };
  writeFileSync(requestFile, JSON.stringify({ ...request, vm: 'other', vcpus: 16, extraSpecs }));
});
beforeEach(() => {
  written.length = 0;
  jest.spyOn(process.stdout, 'write').mockImplementation(text => written.push(String(text)) > 0);
  jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function answer(
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly text: string }> {
  written.length = 0;
  const code = await runVerb(words);
  return { code, text: written.join('') };
}

/** Each verb that reads a captured state, how it is called, and what it says only of this one. */
const READERS: readonly (readonly [verb: string, words: readonly string[], says: RegExp])[] = [
  ['status', ['status'], /A web +2 CPUs 0,8/],
  ['usage', ['usage'], /web/],
  // Each cell has eight CPUs, and web has two of one.
  ['place', ['place', '--request', requestFile], /"available": 6\b/],
  ['explain', ['explain', 'web'], /^web: host cell 0/],
];

describe.each(READERS)('%s', (verb, words, says) => {
  test('reads a captured state with --replay', async () => {
    const { code, text } = await answer(...words, '--replay', capture);
    expect(text).toMatch(says);
    expect(code).toBe(verb === 'place' ? 3 : 0);
  });
});

describe.each(READERS.filter(([verb]) => verb !== 'explain'))('%s', (_, words) => {
  test('says the same with --host, and refuses both at once', async () => {
    const byHost = await answer(...words, '--host', capture);
    expect(byHost).toEqual(await answer(...words, '--replay', capture));
    await expect(answer(...words, '--host', capture, '--replay', capture)).rejects.toThrow(
      'Both --host and --replay are given, and they mean the same: leave one of them out.',
    );
  });
});

test('replay lets the guests of a captured state come anew', async () => {
  const { code, text } = await answer('replay', capture);
  expect(code).toBe(0);
  expect(JSON.parse(text)).toMatchObject({ kind: 'pinfold/replay', accepted: ['web'] });
});
