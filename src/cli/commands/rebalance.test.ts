import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import { localFiles } from '../../adapters/local/local-files.ts';
import { writeTree } from '../../adapters/local/write-tree.ts';
import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { parseWith } from '../../documents/parse-with.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Ledger } from '../../domain/ledger.ts';
import { readResidence } from '../../formats/proc/memory-residence.ts';
import { readQemuProcesses } from '../../formats/proc/qemu-processes.ts';
import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import { renderMachine } from '../../machines/render-machine.ts';

/** Each case starts several processes; a machine that does much else at once needs the time. */
jest.setTimeout(120_000);

const bundles = mkdtempSync(join(tmpdir(), 'pinfold-rebalance-'));
const HOOK = join(bundles, 'hook-opennebula.cjs');
const PROGRAM = join(bundles, 'pinfold.cjs');
const bundle = (entry: string, outfile: string) =>
  buildSync({
    entryPoints: [join(__dirname, '../../..', entry)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node18.18',
    format: 'cjs',
    logLevel: 'error',
    external: ['*.node', 'cpu-features'],
  });
/** The node on which three guests have left two holes of two CPUs. */
const prepared = join(bundles, 'prepared');
let root: string;

beforeAll(() => {
  bundle('hooks/opennebula.ts', HOOK);
  bundle('src/cli/main.ts', PROGRAM);
  root = prepared;
  mkdirSync(root);
  writeTree(
    renderMachine({
      name: 'two-cells',
      sockets: 1,
      cellsPerSocket: 2,
      coresPerCell: 4,
      threadsPerCore: 1,
      memoryMiBPerCell: 4096,
      pools: [{ sizeKiB: 2048, total: 512 }],
    }),
    root,
  );
  put('/var/tmp/one/etc/vmm/kvm/pinfold/policy.yaml', 'strategy: pack\n');
  for (const [id, vcpus] of [
    [1, 1],
    [2, 2],
    [3, 1],
    [4, 2],
  ] as const)
    expect(deploy(id, vcpus).stderr).toBe('');
  expect(hook('cancel', 'one-2', 'host', '2', 'host').status).toBe(0);
});
afterAll(() => {
  rmSync(bundles, { recursive: true, force: true });
});
beforeEach(() => {
  root = mkdtempSync(join(bundles, 'tree-'));
  cpSync(prepared, root, { recursive: true });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const hook = (...words: readonly string[]) =>
  spawnSync(process.execPath, [HOOK, '--root', root, ...words], { input: '', encoding: 'utf8' });

function deploy(id: number, vcpus: number) {
  const folder = `/var/lib/one//datastores/0/${id}`;
  const section = `<PINFOLD><HW_CPU_POLICY>dedicated</HW_CPU_POLICY><HW_NUMA_NODES>1</HW_NUMA_NODES><HW_MEM_PAGE_SIZE>2048</HW_MEM_PAGE_SIZE></PINFOLD>`;
  put(
    `${folder}/vm.xml`,
    `<VM><ID>${id}</ID><NAME>g</NAME><TEMPLATE><VCPU>${vcpus}</VCPU></TEMPLATE><USER_TEMPLATE>${section}</USER_TEMPLATE></VM>`,
  );
  const xml = `<domain type='kvm'><name>one-${id}</name><vcpu>${vcpus}</vcpu><memory>${256 * 1024}</memory><os><type arch='x86_64'>hvm</type></os></domain>`;
  const words = ['--root', root, 'deploy', `${folder}/deployment.0`, 'host', `${id}`, 'host'];
  return spawnSync(process.execPath, [HOOK, ...words], { input: xml, encoding: 'utf8' });
}

const REQUEST = JSON.stringify({
  kind: 'pinfold/request',
  version: 1,
  vm: 'one-9',
  vcpus: 3,
  memoryMiB: 256,
  extraSpecs: { 'hw:cpu_policy': 'dedicated', 'hw:numa_nodes': '1', 'hw:mem_page_size': '2048' },
});

function rebalance(words: readonly string[], env: Readonly<Record<string, string>> = {}, input = REQUEST) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [PROGRAM, 'rebalance', '--root', root, ...words],
    { input, encoding: 'utf8', env: { ...process.env, ...env } },
  );
  return { status, signal, stdout, stderr };
}

const ledger = () => JSON.parse(readFileSync(join(root, 'run/pinfold/ledger.json'), 'utf8')) as Ledger;

interface Live {
  readonly vcpus: readonly CpuSet[];
  readonly all: CpuSet;
  readonly mibByCell: Readonly<Record<number, number>>;
}

/** Where each guest's threads and pages are, from the tree's own /proc. */
function live(): Record<string, Live> {
  const tree = localFiles(root);
  return Object.fromEntries(
    readQemuProcesses(tree).map(({ name, pid }) => {
      const threads = readQemuThreads(tree, pid);
      const mibByCell: Record<number, number> = {};
      for (const { cell, mib } of readResidence(tree.read(`/proc/${pid}/numa_maps`) ?? ''))
        mibByCell[cell] = (mibByCell[cell] ?? 0) + mib;
      const vcpus = threads.filter(({ role }) => role === 'vcpu').map(({ allowed }) => allowed);
      return [name, { vcpus, all: CpuSet.union(threads.map(({ allowed }) => allowed)), mibByCell }];
    }),
  );
}

/** What is not valid on the node now: a vCPU without a CPU of its own, or a thread or page outside its guest's claim. */
function faults(): readonly string[] {
  const found: string[] = [];
  const owner = new Map<number, string>();
  const entries = ledger().entries;
  for (const [vm, { vcpus, all, mibByCell }] of Object.entries(live())) {
    const cells = entries.find(entry => entry.vm === vm)!.claim.cells;
    const held = CpuSet.union(cells.map(({ pcpus }) => parseCpuList(pcpus)));
    if (!all.isSubsetOf(held)) found.push(`${vm} runs outside of its claim`);
    for (const cell of Object.keys(mibByCell))
      if (!cells.some(({ hostCell, pages }) => hostCell === Number(cell) && pages > 0))
        found.push(`${vm} has memory on cell ${cell} that it does not claim`);
    for (const cpus of vcpus) {
      const cpu = cpus.first!;
      if (cpus.size !== 1 || owner.has(cpu))
        found.push(`CPU ${cpus.toString()} of ${vm} and ${owner.get(cpu)}`);
      owner.set(cpu, vm);
    }
  }
  const claims = entries.map(({ claim }) =>
    CpuSet.union(claim.cells.map(({ pcpus }) => parseCpuList(pcpus))),
  );
  claims.forEach((claim, i) => {
    if (claims.slice(i + 1).some(other => other.intersects(claim)))
      found.push(`CPUs ${claim.toString()} are claimed twice`);
  });
  return found;
}

describe('on two cells of four CPUs with two free on each', () => {
  test('room for three vCPUs is made by moving one guest with its memory, and the guest that was refused then starts', () => {
    expect(deploy(9, 3).status).toBe(1);
    const before = live();
    const { status, stdout, stderr } = rebalance(['--for', '-', '--yes']);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/memory, cell 0 → 1 +0\.25 GiB, about 1 s$/m),
    ]);
    expect(stdout).toContain('one-9 then fits on cell 0.');
    expect(stderr).toMatch(/^1 step of 1 done, 0\.25 GiB moved, in \d+\.\d s\.\n$/);
    const moved = Object.entries(live()).filter(
      ([vm, { mibByCell }]) => mibByCell[1] === 256 && before[vm]!.mibByCell[0] === 256,
    );
    expect(moved).toHaveLength(1);
    const [[vm, now]] = moved as [[string, Live]];
    const entry = ledger().entries.find(other => other.vm === vm)!;
    expect(entry.placement!.pins['0']).toBe(now.vcpus[0]!.toString());
    expect([entry.placement!.nodeset, entry.claim.cells.map(({ hostCell }) => hostCell)]).toEqual(['1', [1]]);
    expect(faults()).toEqual([]);
    expect(deploy(9, 3).status).toBe(0);
    expect(faults()).toEqual([]);
  });

  test('without its ledger the node still knows whose the CPUs are after a rebalance', () => {
    expect(rebalance(['--for', '-', '--yes']).status).toBe(0);
    const held = Object.fromEntries(ledger().entries.map(({ vm, claim }) => [vm, claim]));
    rmSync(join(root, 'run/pinfold/ledger.json'));
    expect(deploy(9, 3).status).toBe(0);
    for (const { vm, claim, foreign } of ledger().entries)
      if (vm !== 'one-9') expect([foreign, claim]).toEqual([null, held[vm]]);
  });

  test('a dry run shows the plan and changes nothing; so does a plan without a yes', () => {
    const files = () => [ledger(), live()];
    const before = files();
    const { status, stdout } = rebalance(['--for', '-', '--dry-run', '--json']);
    expect(status).toBe(0);
    const plan = parseWith(DOCUMENT_SCHEMAS.plan, JSON.parse(stdout), 'the plan');
    expect(plan.changes.map(({ change }) => change)).toEqual(['repin-vcpu', 'repin-emulator', 'move-memory']);
    expect([plan.before.largestHole, plan.after.largestHole]).toEqual([2, 3]);
    put('/request.json', REQUEST);
    const asked = rebalance(['--for', join(root, 'request.json')]);
    expect([asked.status, asked.stderr]).toEqual([2, expect.stringContaining('call again with --yes')]);
    expect(files()).toEqual(before);
  });

  test('no room is made beyond --max-move, and --only says by which guest', () => {
    const { status, stderr } = rebalance(['--for', '-', '--yes', '--max-move', '0.2']);
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/^[A-Z].* No changes of running guests make room for it\.\n$/),
    ]);
    expect(rebalance(['--for', '-', '--yes', '--max-move', '0.25', '--only', 'one-3']).status).toBe(0);
    expect(live()['one-3']!.mibByCell).toEqual({ 1: 256 });
    expect(live()['one-1']!.mibByCell).toEqual({ 0: 256 });
  });

  test('for the score, the two cells are packed into one', () => {
    const { status, stdout } = rebalance(['--yes', '--json'], {}, '');
    expect(status).toBe(0);
    const plan = parseWith(DOCUMENT_SCHEMAS.plan, JSON.parse(stdout), 'the plan');
    expect([plan.before.largestHole, plan.after.largestHole]).toEqual([2, 4]);
    expect(faults()).toEqual([]);
    expect(rebalance(['--dry-run'], {}, '').stdout).toBe('Nothing is to be changed on two-cells.\n');
  });

  test('a guest that somebody else pinned stays, and is named', () => {
    const tree = localFiles(root);
    const { pid } = readQemuProcesses(tree).find(({ name }) => name === 'one-3')!;
    const { tid } = readQemuThreads(tree, pid).find(({ role }) => role === 'vcpu')!;
    const status = `/proc/${pid}/task/${tid}/status`;
    put(status, tree.read(status)!.replace(/^(Cpus_allowed_list:\t).*$/m, '$17'));
    const { stdout } = rebalance(['--for', '-', '--dry-run']);
    expect(stdout).toContain('  one-3: it does not run where it was placed (vCPU 0 on 7 instead of');
    expect(stdout).toMatch(/one-1 {2}memory, cell 0 → 1/);
    const only = rebalance(['--dry-run', '--only', 'one-3'], {}, '');
    expect([only.status, only.stderr]).toEqual([
      2,
      expect.stringContaining('one-3 cannot be changed, because'),
    ]);
  });

  test('a change that the system refuses is taken back, told, and ends with exit code 6', () => {
    // A guest in mode strict, whose memory libvirt does not move while it runs.
    const path = '/run/libvirt/qemu/one-1.xml';
    const xml = readFileSync(join(root, path), 'utf8');
    expect(xml).toMatch(/mode=["']restrictive["']/);
    put(path, xml.replace(/mode=(["'])restrictive/, 'mode=$1strict'));
    const byName = () => Object.fromEntries(ledger().entries.map(entry => [entry.vm, entry]));
    const before = [byName(), live()];
    const { status, stderr } = rebalance(['--for', '-', '--yes']);
    expect([status, stderr]).toEqual([
      6,
      expect.stringMatching(
        /^one-1 could not be changed \(.*requires restrictive numa mode\), and it is where it was\. 0 steps of 1 done, .*; not changed: one-1\. Call/,
      ),
    ]);
    expect([byName(), live()]).toEqual(before);
  });

  test('an offer is done by its digest alone, and --max-move that makes another plan is another offer', () => {
    const offered = rebalance(['--for', '-', '--offer']);
    const offer = parseWith(DOCUMENT_SCHEMAS.offer, JSON.parse(offered.stdout), 'the offer');
    expect([offered.status, offer.newcomer, offer.refusal]).toEqual([0, { vm: 'one-9', cells: '0' }, null]);
    expect(offer.plan).toEqual(JSON.parse(rebalance(['--for', '-', '--dry-run', '--json']).stdout));
    const refused = rebalance(['--for', '-', '--offer', '--max-move', '0.2']);
    const none = parseWith(DOCUMENT_SCHEMAS.offer, JSON.parse(refused.stdout), 'the offer');
    expect([refused.status, none.newcomer, none.plan.changes]).toEqual([3, null, []]);
    expect(none.refusal).toMatch(/^[A-Z].*\.$/);
    const before = [ledger(), live()];
    const changed = rebalance(['--for', '-', '--agreed', none.digest]);
    expect([changed.status, changed.stdout]).toEqual([5, '']);
    expect(changed.stderr).toMatch(/^pinfold: The plan is no longer the one that was agreed to, .*\.\n$/);
    expect([ledger(), live()]).toEqual(before);
    const { status, stdout, stderr } = rebalance(['--for', '-', '--agreed', offer.digest]);
    expect([status, stdout]).toEqual([0, expect.stringContaining('one-9 then fits on cell 0.')]);
    expect(stderr).toMatch(/^Step 1 of 1: one-\d, 0\.25 GiB move\.\n1 step of 1 done, .*\n$/);
    expect(deploy(9, 3).status).toBe(0);
  });

  test('an offer finishes first what an interrupted run left, but not in a dry run', () => {
    const pending = () => ledger().entries.some(({ step }) => step !== undefined);
    for (let effect = 1; !pending(); effect += 1)
      rebalance(['--for', '-', '--yes'], { PINFOLD_KILL_AT_EFFECT: `${effect}` });
    expect([rebalance(['--offer', '--dry-run']).stderr, pending()]).toEqual(['', true]);
    const { status, stderr } = rebalance(['--for', '-', '--offer']);
    expect([status, stderr, pending()]).toEqual([
      0,
      expect.stringMatching(
        /^An earlier rebalance had been interrupted; its change of one-\d is finished now\.\n$/,
      ),
      false,
    ]);
  });

  test.each([
    [['--offer', '--yes'], /^pinfold: Both --yes and --offer are given/],
    [['--agreed', 'a', '--dry-run'], /^pinfold: Both --dry-run and --agreed are given/],
    [['--json'], /^pinfold: With --json nothing is shown before it is done/],
    [['--for', '-'], /^pinfold: The request comes from standard input/],
  ])('%j is refused before anything is looked at', (words, sentence) => {
    const { status, stderr } = rebalance(words);
    expect([status, stderr]).toEqual([2, expect.stringMatching(sentence)]);
  });

  test('a SIGKILL at any effect leaves only valid states, and a second run finishes the work', () => {
    const untouched = root;
    let pendingSeen = 0;
    for (let effect = 1; ; effect += 1) {
      root = mkdtempSync(join(bundles, 'killed-'));
      cpSync(untouched, root, { recursive: true });
      const killed = rebalance(['--for', '-', '--yes'], { PINFOLD_KILL_AT_EFFECT: `${effect}` });
      expect([effect, faults()]).toEqual([effect, []]);
      if (killed.signal === null) {
        expect(killed.status).toBe(0);
        expect(effect).toBeGreaterThan(5);
        break;
      }
      if (ledger().entries.some(({ step }) => step !== undefined)) pendingSeen += 1;
      const again = rebalance(['--for', '-', '--yes']);
      expect([effect, again.status]).toEqual([effect, 0]);
      expect(ledger().entries.every(({ step }) => step === undefined)).toBe(true);
      expect([effect, faults()]).toEqual([effect, []]);
      expect([effect, Object.values(live()).filter(({ mibByCell }) => mibByCell[0] === 256).length]).toEqual([
        effect,
        1,
      ]);
      rmSync(root, { recursive: true });
    }
    expect(pendingSeen).toBeGreaterThan(2);
    expect(deploy(9, 3).status).toBe(0);
  });
});
