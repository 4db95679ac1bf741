import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaySchema } from '../../documents/replay-schema.ts';
import { parseWith } from '../../documents/parse-with.ts';
import { hostOf } from '../../machines/host-of.ts';
import { replayCommand } from './replay.ts';
import { twoCells } from '../../testing/two-cells.ts';

const arrives = (guest: string, vcpus: number) => [
  'a',
  guest,
  { vcpus, memory_mb: 512, extra_specs: { 'hw:cpu_policy': 'dedicated' } },
];
const events = [arrives('a', 6), arrives('b', 5), arrives('c', 2), ['d', 'a'], arrives('e', 8)];

describe('pinfold replay', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pinfold-replay-'));
  const written: string[] = [];
  const said: string[] = [];
  const file = (name: string, trace: unknown) => {
    writeFileSync(join(folder, name), JSON.stringify(trace));
    return join(folder, name);
  };

  beforeEach(() => {
    written.length = 0;
    said.length = 0;
    jest.spyOn(process.stdout, 'write').mockImplementation(text => written.push(String(text)) > 0);
    jest.spyOn(process.stderr, 'write').mockImplementation(text => said.push(String(text)) > 0);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('prints the document of a trace in the short form, and its sum on standard error', async () => {
    const trace = file('pack.json', { host: hostOf(twoCells, { strategy: 'pack' }), events });
    expect(await replayCommand({ file: trace, rebalance: false, json: false })).toBe(0);
    const document = parseWith(replaySchema, JSON.parse(written.join('')), 'the replay');
    expect(document).toMatchObject({ accepted: ['a', 'b', 'c'], refused: { e: 'no-cell-fits' } });
    expect(said.join('')).toBe('13 of 21 vCPUs were let in, with 3 of 4 guests.\n');
  });

  test('with --rebalance tells what moving guests cost', async () => {
    const trace = file('rebalance.json', { host: hostOf(twoCells, { strategy: 'pack' }), events });
    expect(await replayCommand({ file: trace, rebalance: true, json: false })).toBe(0);
    const document = parseWith(replaySchema, JSON.parse(written.join('')), 'the replay');
    expect(document.accepted).toEqual(['a', 'b', 'c', 'e']);
    expect(said.join('')).toBe(
      '21 of 21 vCPUs were let in, with 4 of 4 guests; 3 changes of running guests copied 512 MiB for that.\n',
    );
  });

  test('with --json says nothing but the document', async () => {
    const trace = file('json.json', { host: hostOf(twoCells), events: [] });
    await replayCommand({ file: trace, rebalance: false, json: true });
    expect(said).toEqual([]);
    expect(JSON.parse(written.join(''))).toMatchObject({ kind: 'pinfold/replay', fill: [] });
  });

  test('names the event that it cannot read', async () => {
    const trace = file('wrong.json', {
      host: hostOf(twoCells),
      events: [
        ['d', 'a'],
        ['x', 'a'],
      ],
    });
    await expect(replayCommand({ file: trace, rebalance: false, json: true })).rejects.toThrow(
      /^Event 1 of the trace/,
    );
  });

  test('refuses a policy that contradicts itself before anything is replayed', async () => {
    const host = hostOf(twoCells, { cpu_dedicated_set: '0-3', cpu_shared_set: '3-4' });
    const trace = file('policy.json', { host, events });
    await expect(replayCommand({ file: trace, rebalance: false, json: true })).rejects.toMatchObject({
      exit: 2,
    });
    expect(written).toEqual([]);
  });

  describe('of a capture', () => {
    const request = (vm: string, vcpus: number) => ({
      kind: 'pinfold/request',
      version: 1,
      vm,
      vcpus,
      memoryMiB: 512,
      extraSpecs: { 'hw:cpu_policy': 'dedicated' },
    });
    const claim = (vm: string, pcpus: string) => ({
      vm,
      source: 'observed',
      cells: [{ hostCell: 0, pcpus, memoryMiB: 512 }],
    });
    const capture = (requests: object) => ({
      ...hostOf(twoCells),
      claims: [claim('b', '0-3'), claim('a', '8-9'), claim('hand-made', '10-11')],
      versions: {},
      requests,
    });

    test('lets its guests come anew, in their order, beside those of which nothing is known', async () => {
      const trace = file('capture.json', capture({ a: request('a', 6), b: request('b', 8) }));
      expect(await replayCommand({ file: trace, rebalance: false, json: false })).toBe(0);
      const document = parseWith(replaySchema, JSON.parse(written.join('')), 'the replay');
      // Cell 1 is whole for b, and cell 0 lacks what hand-made has.
      expect(document).toMatchObject({ accepted: ['b', 'a'], refused: {} });
      expect(said.join('')).toBe('14 of 14 vCPUs were let in, with 2 of 2 guests.\n');
    });

    test('says so when it knows of no guest what it asked for', async () => {
      const trace = file('unknown.json', capture({}));
      await expect(replayCommand({ file: trace, rebalance: false, json: true })).rejects.toThrow(
        /^The capture does not say what any of its guests asked for/,
      );
    });
  });
});
