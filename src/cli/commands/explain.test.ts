import { mkdtempSync, rmSync, statSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTree } from '../../adapters/local/write-tree.ts';
import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { parseWith } from '../../documents/parse-with.ts';
import type { Claim } from '../../domain/claim.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { hostOf } from '../../machines/host-of.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { runPinfold } from '../../testing/built-program.ts';

const held: Claim = {
  vm: 'customer-a',
  source: 'observed',
  cells: [{ hostCell: 0, pcpus: '0-3', sharedVcpus: 0, memoryMiB: 64, pageSizeKiB: null, pages: 16384 }],
};
const host = hostOf(namedMachine('dual-socket-smt'), { strategy: 'spread' }, [held]);
const request = (vcpus: number): PlacementRequest => ({
  kind: 'pinfold/request',
  version: 1,
  vm: 'web',
  vcpus,
  memoryMiB: 512,
  extraSpecs: { 'hw:cpu_policy': 'dedicated' },
});

let folder: string;
const file = (name: string, value: unknown) => {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinfold-explain-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('pinfold explain', () => {
  test('explains a request in a captured state, as text and as a document', () => {
    const words = [
      'explain',
      'web',
      '--replay',
      file('h.json', host),
      '--request',
      file('r.json', request(2)),
    ];
    const text = runPinfold(words);
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toMatch(/^web: host cell 1 .*<- decided/s);
    const { code, stdout } = runPinfold([...words, '--json']);
    expect(code).toBe(0);
    const explanation = parseWith(DOCUMENT_SCHEMAS.explanation, JSON.parse(stdout), 'the explanation');
    expect(explanation.pairs.map(({ state }) => state)).toEqual(['possible', 'chosen']);
  });

  test('asks a capture what its guests wanted, and leaves their own claim out', () => {
    const wish = { ...request(2), vm: 'customer-a' };
    const capture = { ...host, versions: { pinfold: '1' }, requests: { 'customer-a': wish } };
    const { code, stdout } = runPinfold([
      'explain',
      'customer-a',
      '--replay',
      file('c.json', capture),
      '--json',
    ]);
    expect(code).toBe(0);
    const { decision } = JSON.parse(stdout) as { decision: { placement: { nodeset: string } } };
    expect(decision.placement.nodeset).toBe('0');
    const unknown = runPinfold(['explain', 'web', '--replay', file('c.json', capture)]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/^pinfold: The captured state does not say what web asked for: .*\n$/);
  });

  test('ends with 3 where the guest does not fit, and with 2 where the request is wrong', () => {
    const state = file('h.json', host);
    const big = runPinfold(['explain', 'web', '--replay', state, '--request', file('r.json', request(500))]);
    expect([big.code, big.stdout]).toEqual([3, expect.stringMatching(/^web does not fit\./)]);
    const wrong = { ...request(2), extraSpecs: { 'hw:cpu_policy': 'maybe' } };
    expect(runPinfold(['explain', 'web', '--replay', state, '--request', file('w.json', wrong)]).code).toBe(
      2,
    );
  });

  test('explains a running guest by its record, with the time', () => {
    const record = {
      kind: 'pinfold/decision-record',
      version: 1,
      vm: 'web',
      seconds: 1760000000,
      host,
      request: request(2),
    };
    const files = new Map(renderMachine(namedMachine('dual-socket-smt')));
    writeTree(files.set('/run/pinfold/decisions/web.json', JSON.stringify(record)), folder);
    const { code, stdout } = runPinfold(['explain', 'web', '--root', folder]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^As it was decided when web was started \(2025-10-09T08:53:20\.000Z\):\n\nweb: host cell 1/,
    );
    expect(runPinfold(['explain', 'other', '--root', folder]).stderr).toMatch(/Nothing is recorded of other/);
    expect(
      runPinfold(['explain', 'web', '--root', folder, '--request', file('r.json', request(3))]).stdout,
    ).toMatch(/^web: host cell 0/);
  });

  test.each([
    [['--root', '/', '--replay', 'x'], 'Both --root and --replay'],
    [['--replay', '-', '--request', '-'], 'Only one of'],
    [['--replay', '/nonexistent'], 'could not be read'],
  ])('refuses %j', (words, reason) => {
    const { code, stderr } = runPinfold(['explain', 'web', ...words]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
  });
});

describe('pinfold capture', () => {
  test('packs a node into a file that nobody else may read, and that the other verbs read back', () => {
    const files = new Map(renderMachine(namedMachine('dual-socket-smt')));
    files
      .set('/proc/sys/kernel/osrelease', '6.12.0-test\n')
      .set('/etc/os-release', 'PRETTY_NAME="Debian 13"\n');
    writeTree(files, folder);
    const path = join(folder, 'capture.json');
    const { code, stderr } = runPinfold(['capture', path, '--root', folder]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('holds 2 cells and 0 guests')]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const capture = parseWith(DOCUMENT_SCHEMAS.host, JSON.parse(readFileSync(path, 'utf8')), 'the capture');
    expect(capture.versions).toMatchObject({
      kernel: '6.12.0-test',
      system: 'Debian 13',
      node: process.version,
    });
    const wish = file('r.json', request(2));
    expect(runPinfold(['place', '--host', path, '--request', wish]).code).toBe(0);
    expect(runPinfold(['explain', 'web', '--replay', path, '--request', wish]).code).toBe(0);
    expect(runPinfold(['status', '--host', path]).code).toBe(0);
    expect(runPinfold(['usage', '--host', path]).code).toBe(0);
  });

  test('replaces names when it is asked to', () => {
    const files = new Map(renderMachine(namedMachine('dual-socket-smt')));
    writeTree(files, folder);
    const { stdout } = runPinfold(['capture', '-', '--rename', '--root', folder]);
    expect(JSON.parse(stdout)).toMatchObject({ topology: { host: 'node' } });
    expect(runPinfold(['capture', '-', '--root', folder]).stdout).toContain('"host": "dual-socket-smt"');
  });
});

describe('pinfold where', () => {
  test('ranks captured nodes and names the line that is none', () => {
    const small = hostOf(namedMachine('laptop-1c'));
    const lines = [JSON.stringify(host), '', '{"kind": 1}', JSON.stringify(small)].join('\n');
    const words = ['where', file('r.json', request(12)), '--hosts', file('nodes.jsonl', lines)];
    const { code, stdout } = runPinfold([...words, '--json']);
    expect(code).toBe(0);
    const ranking = parseWith(DOCUMENT_SCHEMAS.ranking, JSON.parse(stdout), 'the ranking');
    expect(ranking.fits.map(({ node }) => node)).toEqual(['dual-socket-smt']);
    expect(ranking.refused.map(({ node }) => node)).toEqual(['laptop-1c']);
    expect(ranking.unreachable.map(({ node }) => node)).toEqual(['line 3']);
    expect(runPinfold(words).stdout).toMatch(/^web fits on 1 of 2 nodes; 1 node could not be asked\.\n/);
  });

  test('prefers the empty node under spread and the full one under pack', () => {
    const lines = [host, hostOf({ ...namedMachine('dual-socket-smt'), name: 'empty' })];
    const words = [
      'where',
      file('r.json', request(2)),
      '--hosts',
      file('n.jsonl', lines.map(l => JSON.stringify(l)).join('\n')),
      '--json',
    ];
    const first = (strategy: string) => {
      const { stdout } = runPinfold([...words, '--strategy', strategy]);
      return (JSON.parse(stdout) as { fits: { node: string }[] }).fits[0]!.node;
    };
    expect([first('spread'), first('pack')]).toEqual(['empty', 'dual-socket-smt']);
  });

  test('ends with 3 where it fits nowhere and with 4 where no node answers', () => {
    const wish = file('r.json', request(500));
    expect(runPinfold(['where', wish, '--hosts', file('n.jsonl', JSON.stringify(host))]).code).toBe(3);
    expect(runPinfold(['where', wish, '--hosts', file('n.jsonl', '{}')]).code).toBe(4);
  });

  test.each([
    [['--strategy', 'odd'], 'spread or pack'],
    [['--parallel', '0'], 'from 1 to 256'],
    [['--deadline', 'soon'], 'from 1 to 3600'],
    [['--hosts', 'a', '--nodes', 'b'], 'Both --hosts and --nodes'],
  ])('refuses %j before it reads anything', (words, reason) => {
    const { code, stderr } = runPinfold(['where', '/nonexistent', ...words]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
  });
});

describe('pinfold usage', () => {
  test('counts how many more guests of a shape fit, per cell and in all', () => {
    const words = ['usage', '--host', file('h.json', host), '--shape', file('r.json', request(4))];
    expect(runPinfold(words).stdout).toMatch(
      /\d+ more guests of this shape fit now \(alone on each of 2 cells: \d+ on/,
    );
    const { room } = JSON.parse(runPinfold([...words, '--json']).stdout) as {
      room: { cells: { guests: number }[] };
    };
    expect(room.cells[0]!.guests).toBe(room.cells[1]!.guests - 1);
  });

  test('prints a line a guest for billing, with no name that a spreadsheet would run', () => {
    const evil = { ...host, claims: [{ ...held, vm: '=cmd|"x"' }] };
    const { stdout } = runPinfold(['usage', '--host', file('h.json', evil), '--csv']);
    expect(stdout.split('\r\n')).toEqual([
      'node,guest,source,cpus,memory_mib,dedicated,shared,emulator,cost',
      `dual-socket-smt,"'=cmd|""x""",observed,0-3,64,4,0,0,4`,
      '',
    ]);
  });
});
