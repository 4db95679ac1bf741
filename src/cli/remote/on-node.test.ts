import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { parseWith } from '../../documents/parse-with.ts';
import { parseLedger } from '../../formats/ledger/parse-ledger.ts';
import { AfarPinfoldSite } from '../../testing/afar-pinfold.ts';
import { PROGRAM, runPinfold } from '../../testing/built-program.ts';
import { PlacedNode } from '../../testing/placed-node.ts';
import { byShell } from '../../testing/ssh-server.ts';

// Each case starts processes and a login; a busy machine needs the time.
jest.setTimeout(120_000);

const DEDICATED = { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '1' };
const REQUEST = JSON.stringify({
  kind: 'pinfold/request',
  version: 1,
  vm: 'late',
  vcpus: 16,
  memoryMiB: 512,
  extraSpecs: { 'hw:cpu_policy': 'dedicated', 'hw:numa_nodes': '1' },
});

let site: AfarPinfoldSite;
/** The node's folder: two cells of 16 CPUs, of which each has eight free. */
let root: string;
let prepared: string;
/** Set by a test: the link ends when the node says this. */
let dropAt: string | null;

beforeAll(async () => {
  const node = new PlacedNode('dual-socket-smt');
  prepared = node.root;
  node.policy('strategy: pack\n');
  for (const [id, vcpus, memoryMiB] of [
    [1, 4, 256],
    [2, 4, 256],
    [4, 8, 256],
    [3, 8, 2048],
  ] as const)
    await node.started(id, { vcpus, memoryMiB, pinfold: DEDICATED });
  await node.virsh('destroy', 'one-4');
});
afterAll(() => {
  rmSync(prepared, { recursive: true });
});
beforeEach(async () => {
  dropAt = null;
  site = await AfarPinfoldSite.open((channel, command, link) => {
    const { stderr } = channel;
    const write = stderr.write.bind(stderr) as (piece: unknown) => boolean;
    stderr.write = (piece: unknown) => {
      if (dropAt !== null && String(piece).includes(dropAt)) link.end();
      return write(piece);
    };
    byShell(channel, command, link);
  });
});
afterEach(() => site.close());

function installReal(version?: string): void {
  root = mkdtempSync(join(site.home, 'tree-'));
  cpSync(prepared, root, { recursive: true });
  site.installedOn(root, version);
}

const here = (...words: readonly string[]) => runPinfold([...words, '--root', root]);
const onNode = (...words: readonly string[]) => site.run([...words, '--node', 'pve1']);
const ledger = () => parseLedger(openTreeNode(root).files.read('/run/pinfold/ledger.json')!)!;
const cellsOf = (vm: string) =>
  ledger()
    .entries.find(entry => entry.vm === vm)!
    .claim.cells.map(({ hostCell }) => hostCell);

/** What the built program shows on a terminal of its own, on which `keys` are pressed once `cue` stands there. */
async function atTerminal(words: readonly string[], cue: string, keys: string): Promise<string> {
  const command = `exec ${process.execPath} ${PROGRAM} ${words.join(' ')} --node pve1`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], HOME: site.home, PINFOLD_NODES: '~/nodes.yaml' },
  });
  let [shown, pressed] = ['', false];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    shown += piece;
    if (pressed || !shown.includes(cue)) return;
    pressed = true;
    child.stdin.write(keys);
  });
  await new Promise(resolve => child.on('close', resolve));
  return shown;
}

describe('the Pinfold of another node', () => {
  beforeEach(() => {
    installReal();
  });

  test('reconciles that node, and what it says is what it says there', async () => {
    const wanted = here('reconcile', '--dry-run');
    expect(wanted.stdout).toContain('The ledger still has one-4');
    expect(await onNode('reconcile', '--dry-run')).toEqual(wanted);
    expect(ledger().entries).toHaveLength(4);
    const mended = await onNode('reconcile', '--json');
    const document = parseWith(DOCUMENT_SCHEMAS.reconcile, JSON.parse(mended.stdout), 'the answer');
    expect([mended.code, mended.stderr, document.drift.length, document.dryRun]).toEqual([0, '', 1, false]);
    expect(ledger().entries).toHaveLength(3);
    expect(await onNode('reconcile')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('shows a plan for room as it would there, takes a yes, and tells step by step what it does', async () => {
    const request = site.file('request.json', REQUEST);
    const wanted = here('rebalance', '--for', request, '--dry-run');
    expect(wanted.stdout).toContain('late then fits on cell 0.');
    expect(await onNode('rebalance', '--for', request, '--dry-run')).toEqual(wanted);
    const unasked = await onNode('rebalance', '--for', request);
    expect([unasked.code, unasked.stdout]).toEqual([2, wanted.stdout]);
    expect(unasked.stderr).toContain('call again with --yes');
    expect(cellsOf('one-1')).toEqual([0]);
    const { code, stdout, stderr } = await onNode('rebalance', '--for', request, '--yes');
    expect([code, stdout]).toEqual([0, wanted.stdout]);
    expect(stderr).toMatch(
      /^pve1: Step 1 of 2: one-1, 0\.25 GiB move\.\npve1: Step 2 of 2: one-2, 0\.25 GiB move\.\npve1: 2 steps of 2 done, 0\.50 GiB moved, in \d+\.\d s\.\n$/,
    );
    expect([cellsOf('one-1'), cellsOf('one-2'), cellsOf('one-3')]).toEqual([[1], [1], [1]]);
  });

  test('does what was agreed to and nothing else, also as documents', async () => {
    const offered = await onNode('rebalance', '--offer');
    const offer = parseWith(DOCUMENT_SCHEMAS.offer, JSON.parse(offered.stdout), 'the answer');
    expect([offered.code, offer.host, offer.plan.changes.length]).toEqual([0, 'dual-socket-smt', 6]);
    const other = await onNode('rebalance', '--agreed', '0'.repeat(64));
    expect([other.code, other.stdout, other.stderr]).toEqual([
      5,
      '',
      expect.stringMatching(/^pve1: The plan is no longer the one that was agreed to/),
    ]);
    expect(cellsOf('one-1')).toEqual([0]);
    const done = await onNode('rebalance', '--agreed', offer.digest, '--json');
    expect([done.code, JSON.parse(done.stdout)]).toEqual([0, offer.plan]);
    expect(cellsOf('one-1')).toEqual([1]);
  });

  test('hears which guest may be changed and how much may be copied', async () => {
    const request = site.file('request.json', REQUEST);
    const only = await onNode('rebalance', '--for', request, '--only', 'one-3', '--dry-run', '--json');
    const plan = parseWith(DOCUMENT_SCHEMAS.plan, JSON.parse(only.stdout), 'the answer');
    expect([only.code, new Set(plan.changes.map(({ vm }) => vm))]).toEqual([0, new Set(['one-3'])]);
    const tight = await onNode('rebalance', '--for', request, '--max-move', '0.49', '--yes');
    expect([tight.code, tight.stdout]).toEqual([3, '']);
    expect(tight.stderr).toContain('No changes of running guests make room for it.');
    expect(cellsOf('one-1')).toEqual([0]);
  });

  test('is asked for a plan, and whoever sits at a terminal here says no or yes to it', async () => {
    expect(await atTerminal(['rebalance'], '[y/N]', 'n\n')).toContain('Nothing was changed.');
    expect(cellsOf('one-1')).toEqual([0]);
    expect(await atTerminal(['rebalance'], '[y/N]', 'y\n')).toMatch(/pve1: Step 2 of 2.*2 steps of 2 done/s);
    expect(cellsOf('one-1')).toEqual([1]);
  });

  test('goes on to its end when the link is lost half-way, and that is said', async () => {
    dropAt = 'Step 1 of 2';
    const { code, stderr } = await onNode('rebalance', '--yes');
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /pinfold: pve1 did not come to its answer \(The link to 127\.0\.0\.1 was lost.*\); pinfold rebalance goes on by itself on pve1, and .* is finished by the next "pinfold rebalance --node pve1".*\.\n$/,
    );
    const isOver = () => [1, 2].every(id => cellsOf(`one-${id}`)[0] === 1);
    for (let tries = 0; tries < 600 && !isOver(); tries += 1)
      await new Promise(resolve => setTimeout(resolve, 100));
    expect(isOver()).toBe(true);
  });
});

describe('a node whose Pinfold', () => {
  test('is at work when Ctrl+C is pressed here goes on, and that is said before the end', async () => {
    site.installed(`echo at work >&2; sleep 1; touch ${join(site.home, 'ended')}`);
    const said = await atTerminal(['reconcile'], 'at work', '\u0003');
    expect(said).toContain('pinfold reconcile goes on by itself on pve1');
    const ended = join(site.home, 'ended');
    for (let tries = 0; tries < 300 && !existsSync(ended); tries += 1)
      await new Promise(resolve => setTimeout(resolve, 100));
    expect(existsSync(ended)).toBe(true);
  });

  test.each(['reconcile', 'rebalance'])('is behind the API alone cannot be told to %s', async verb => {
    site.nodes({ api: { user: 'root@pam', password_file: '~/key' }, ssh: undefined });
    const { code, stderr } = await onNode(verb);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(
        `^pinfold: ${verb} pins threads, which no API of Proxmox VE can: add "ssh" to the entry of pve1 in`,
      ),
    );
  });

  test('cannot be reached, is not in nodes.yaml, or is to be a folder as well is one sentence', async () => {
    expect((await site.run(['rebalance', '--node', 'pve9'])).stderr).toContain('the nearest is "pve1"');
    const both = await onNode('reconcile', '--root', site.home);
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('Both --root and --node')]);
    site.file('known_hosts', '');
    const unknown = await onNode('reconcile');
    expect([unknown.code, unknown.stderr]).toEqual([4, expect.stringContaining('compare it with')]);
    await site.server.close();
    const closed = await onNode('reconcile');
    expect([closed.code, closed.stdout]).toEqual([4, '']);
    expect(closed.stderr).toMatch(/^pinfold: 127\.0\.0\.1, port \d+, cannot be reached over SSH .*\.\n$/);
  });

  test('is missing is told how to get it', async () => {
    const { code, stdout, stderr } = await onNode('rebalance', '--yes');
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(
      /^pinfold: pve1 has no Pinfold of its own.*apt install \.\/pinfold_\S+_all\.deb.*\.\n$/,
    );
  });

  test('has another version works, and both versions are named', async () => {
    installReal('9.8.7');
    const { code, stdout, stderr } = await onNode('reconcile', '--dry-run');
    expect([code, stdout]).toEqual([0, expect.stringContaining('The ledger still has one-4')]);
    expect(stderr).toMatch(/^Warning: pve1 has Pinfold 9\.8\.7 and this machine development, and .*\.\n$/);
  });

  test.each([
    ['chatters before its version', 'echo hello; exit 0', 'Welcome to pve1!'],
    ['is another program', 'exit 0', 'Usage: pinfold [file]'],
  ])('%s is not used', async (_, script, version) => {
    site.installed(script, JSON.stringify(version));
    const { code, stderr } = await onNode('reconcile');
    expect([code, stderr]).toEqual([
      4,
      expect.stringContaining(`answered "${version}" to "pinfold --version"`),
    ]);
  });

  test.each([
    [2, 'one-9 is no guest of this node.', ['rebalance', '--only', 'one-9', '--dry-run']],
    [3, 'A realtime guest cannot be carried.', ['rebalance']],
    [4, 'libvirt does not answer.', ['reconcile']],
    [5, 'Another process holds the lock.', ['rebalance', '--yes', '--json']],
  ])('ends with %i hands on the code and why', async (exit, sentence, words) => {
    site.installed(`echo 'pinfold: ${sentence}' >&2; exit ${exit}`);
    expect(await onNode(...words)).toEqual({ code: exit, stdout: '', stderr: `pve1: ${sentence}\n` });
  });

  test('ends with 6 has mended in part, and says what', async () => {
    const drift = {
      code: 'vcpu-astray',
      cause: 'unknown',
      vm: 'one-1',
      subject: 'vCPU 0',
      wanted: '0',
      actual: '1',
      sentence: 'vCPU 0 of one-1 is astray.',
      repair: 'failed',
    };
    const document = {
      kind: 'pinfold/reconcile',
      version: 1,
      host: 'n',
      dryRun: false,
      drift: [drift],
      changes: [],
    };
    site.installed(`echo '${JSON.stringify(document)}'; exit 6`);
    const { code, stdout } = await onNode('reconcile');
    expect([code, stdout]).toEqual([6, 'vCPU 0 of one-1 is astray.\n1 difference found, 0 mended.\n']);
  });

  test.each([
    ['nothing', 'exit 0'],
    ['no JSON', 'echo "<html>"'],
    ['a document of another kind', `echo '{"kind": "pinfold/status"}'`],
    ['half a document', `printf '{"kind": "pinfold/plan", "version": 1,'`],
    [
      'CPUs that are none',
      String.raw`echo '{"kind":"pinfold/plan","version":1,"before":{},"after":{},"changes":[{"vm":"a","change":"repin-vcpu","from":"x","to":"y","costMiB":0,"live":true}]}'`,
    ],
  ])('answers with %s is not understood', async (_, script) => {
    site.installed(script);
    const { code, stdout, stderr } = await onNode('rebalance', '--yes', '--json');
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(
      /^pinfold: pve1 answered .* not a plan that this Pinfold \(development\) understands: .*what was done\.\n$/,
    );
  });

  test('ends with a code that is not Pinfold’s, or without a word, is not understood either', async () => {
    site.installed('exit 99');
    expect((await onNode('reconcile')).stderr).toContain('exit code 99, which is none of Pinfold');
    site.installed('exit 5');
    expect((await onNode('reconcile')).stderr).toContain('exit code 5 and did not say why');
  });

  test('is killed is not said to go on', async () => {
    site.installed('kill -KILL $$');
    const { code, stderr } = await onNode('reconcile');
    expect([code, stderr]).toEqual([
      4,
      'pinfold: pve1 did not come to its answer (Ended by signal SIGKILL); what it left half done there is finished by the next "pinfold reconcile --node pve1": look with "pinfold status --node pve1" before.\n',
    ]);
    const look = await onNode('reconcile', '--dry-run');
    expect(look.stderr).toContain('(Ended by signal SIGKILL), and no guest was changed: try it again.');
    const offer = await onNode('rebalance');
    expect(offer.stderr).toContain('no guest was changed but for what an earlier run had left half done');
  });

  test('never stops talking is given up, on either stream', async () => {
    for (const stream of ['', ' >&2']) {
      site.installed(`exec yes ${'a'.repeat(4000)}${stream}`);
      const { code, stdout, stderr } = await onNode('rebalance', '--dry-run');
      expect([code, stdout]).toEqual([4, '']);
      expect(stderr).toContain('said more than 8388608 bytes), and no guest was changed');
      // 500 lines of 2000 characters are let through at most.
      expect(stderr.length).toBeLessThan(1_100_000);
    }
  });

  test('sends orders for terminals has them written out', async () => {
    const offer = {
      kind: 'pinfold/offer',
      version: 1,
      host: 'n\u001b[2J',
      digest: 'a'.repeat(64),
      newcomer: null,
      fixed: [{ vm: 'evil\u009b31m', reason: 'it says\u202e so\r' }],
      refusal: null,
      plan: { kind: 'pinfold/plan', version: 1, before: {}, after: {}, changes: [] },
    };
    site.file('offer.json', JSON.stringify(offer));
    site.installed(
      String.raw`printf 'pinfold: red \033[31m\r and \a bell\n' >&2; cat ${join(site.home, 'offer.json')}`,
    );
    const orders = /[^\n\P{C}]/u;
    const shown = await onNode('rebalance', '--dry-run');
    expect(shown.stdout).toContain('Nothing is to be changed on n\\u{1b}[2J.');
    expect(shown.stdout).toContain('evil\\u{9b}31m: it says\\u{202e} so\\u{d}');
    expect(shown.stderr).toBe('pve1: red \\u{1b}[31m\\u{d} and \\u{7} bell\n');
    const document = await onNode('rebalance', '--offer', '--dry-run');
    expect(JSON.parse(document.stdout)).toEqual(offer);
    for (const text of [shown.stdout, shown.stderr, document.stdout, document.stderr])
      expect(text).not.toMatch(orders);
  });
});
