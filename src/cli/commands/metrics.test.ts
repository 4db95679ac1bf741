import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { parseWith } from '../../documents/parse-with.ts';
import { DRIFT_CODES } from '../../domain/drift.ts';
import { runPinfold } from '../../testing/built-program.ts';
import { PlacedNode } from '../../testing/placed-node.ts';
import { scrape } from '../../testing/prometheus-text.ts';

jest.setTimeout(60_000);
let node: PlacedNode;
beforeEach(() => {
  node = new PlacedNode('dual-socket-smt');
  node.policy(
    'cpu_dedicated_set: "2-15,18-31"\ncpu_shared_set: "0-1"\ncpu_allocation_ratio: 4\nemulator_overcommit_ratio: 4\n',
  );
});
afterEach(() => {
  node.remove();
});

/** What a scraper gets, by name and labels. */
function metrics(...words: readonly string[]): ReadonlyMap<string, number> {
  const { code, stdout, stderr } = runPinfold(['metrics', '--root', node.root, ...words]);
  expect([code, stderr]).toEqual([0, '']);
  return valuesOf(stdout);
}
function valuesOf(text: string): ReadonlyMap<string, number> {
  return new Map(
    scrape(text).map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
  );
}
const ISOLATED = { HW_CPU_POLICY: 'dedicated', HW_EMULATOR_THREADS_POLICY: 'isolate', PINFOLD_CELLS: '1' };

describe('pinfold metrics', () => {
  test('tells capacity, claims, pools, holes, memory and decisions of a node with guests', async () => {
    const empty = metrics();
    expect(empty.get('pinfold_cell_dedicated_cpus 1')).toBe(empty.get('pinfold_cell_dedicated_cpus_free 1'));
    expect([...empty.keys()].filter(key => key.startsWith('pinfold_guest_'))).toEqual([]);
    await node.started(7, { vcpus: 4, pinfold: ISOLATED, memoryMiB: 256 });
    const refused = await node.start(8, { vcpus: 40, pinfold: ISOLATED });
    await node.start(9, { vcpus: 41, pinfold: { ...ISOLATED, ON_REFUSAL: 'float' } });
    expect(refused.code).toBe(1);
    const now = metrics();
    const lost = (name: string) => empty.get(name)! - now.get(name)!;
    expect(lost('pinfold_cell_dedicated_cpus_free 1')).toBe(5);
    expect(lost('pinfold_cell_hole_cpus 1')).toBe(6);
    expect(lost('pinfold_cell_pages_available 1 4')).toBeGreaterThanOrEqual(256 * 256);
    expect(now.get('pinfold_guests observed')).toBe(2);
    expect(now.get('pinfold_guest_dedicated_cpus one-7')).toBe(4);
    expect(now.get('pinfold_guest_emulator_cpus one-7')).toBe(0.25);
    expect(now.get('pinfold_guest_memory_bytes one-7')).toBe(256 * 1024 * 1024);
    expect(now.get('pinfold_guest_remote_memory_ratio one-7')).toBe(0);
    const pool = node.entry('one-7').placement!.emulator.cpus;
    expect(now.get(`pinfold_pool_cpu_guests ${pool}`)).toBe(1);
    expect(now.get('pinfold_pool_cpu_guests_limit')).toBe(4);
    expect(now.get('pinfold_starts_total placed')).toBe(1);
    expect(now.get('pinfold_starts_total refused')).toBe(1);
    expect(now.get('pinfold_starts_total floated')).toBe(1);
    expect(now.get('pinfold_refusals_total no-cell-fits')).toBe(2);
    expect(now.get('pinfold_decision_seconds_count')).toBe(3);
    expect(now.get('pinfold_decision_seconds_sum')).toBeGreaterThan(0);
    // The order is the same each time, and reconcile keeps what was counted.
    await node.reconcile();
    const again = metrics();
    expect([...again.keys()]).toEqual([...now.keys()]);
    expect(again.get('pinfold_refusals_total no-cell-fits')).toBe(2);
  });

  test('counts drift by its code, and the part of the memory that went astray', async () => {
    await node.started(7, { vcpus: 2, pinfold: ISOLATED, memoryMiB: 256 });
    const right = metrics();
    expect(DRIFT_CODES.map(code => right.get(`pinfold_drift ${code}`))).toEqual(DRIFT_CODES.map(() => 0));
    const vcpu = node.threads('one-7').find(({ role }) => role === 'vcpu')!;
    node.setMask('one-7', vcpu.tid, '0-31');
    node.edit(`/proc/${node.qemu('one-7').pid}/numa_maps`, / N1=(\d+)/g, ' N0=16384 N1=49152');
    const wrong = metrics();
    expect(wrong.get('pinfold_drift vcpu-astray')).toBe(1);
    expect(wrong.get('pinfold_guest_remote_memory_ratio one-7')).toBeCloseTo(0.25, 2);
  });

  test('keeps a hostile name in its label', async () => {
    await node.started(7, { vcpus: 2, pinfold: ISOLATED });
    const evil = 'x"} 1\n# TYPE evil gauge\nevil{a="\\';
    const text = node.read('/run/pinfold/ledger.json').replaceAll('"one-7"', JSON.stringify(evil));
    node.put('/run/pinfold/ledger.json', text);
    expect(metrics().get(`pinfold_guest_dedicated_cpus ${evil}`)).toBe(2);
  });

  test('writes a file whole or not at all, which node_exporter may read, and nothing to standard output', () => {
    const folder = join(node.root, 'collector');
    const file = join(folder, 'pinfold.prom');
    const words = ['metrics', '--root', node.root, '--file', file];
    expect(runPinfold(words)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(valuesOf(readFileSync(file, 'utf8')).size).toBeGreaterThan(20);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(['pinfold.prom']);
    const { code, stderr } = runPinfold([...words.slice(0, 4), node.root]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^pinfold: [^\n]+\.\n$/)]);
  });

  test('prints a document with --json', async () => {
    await node.started(7, { vcpus: 2, pinfold: ISOLATED });
    const { stdout } = runPinfold(['metrics', '--root', node.root, '--json']);
    const document = parseWith(DOCUMENT_SCHEMAS.metrics, JSON.parse(stdout), 'the metrics');
    expect(document.guests).toMatchObject([{ vm: 'one-7', dedicated: 2, remoteMemory: 0 }]);
    expect(document.decisions).toMatchObject({ placed: 1, refusals: {} });
  });

  test('tells a node whose ledger is damaged by what runs, and leaves the ledger where it is', async () => {
    await node.started(7, { vcpus: 2, pinfold: ISOLATED });
    node.put('/run/pinfold/ledger.json', '{');
    expect(metrics().get('pinfold_guest_dedicated_cpus one-7')).toBe(2);
    expect(node.read('/run/pinfold/ledger.json')).toBe('{');
    expect(existsSync(join(node.root, 'run/pinfold/reconcile.json'))).toBe(false);
  });

  test.each([
    [['--file', '/tmp/x', '--json'], 'Both --file and --json'],
    [['--root', '/', '--node', 'pve1'], 'Both --root and --node'],
  ])('refuses %j', (words, reason) => {
    const { code, stderr } = runPinfold(['metrics', ...words]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
  });
});
