import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import { writeTree } from '../src/adapters/local/write-tree.ts';
import type { Ledger } from '../src/domain/ledger.ts';
import { readDomain } from '../src/formats/domain-xml/read-domain.ts';
import { readQemuProcesses } from '../src/formats/proc/qemu-processes.ts';
import { readQemuThreads } from '../src/formats/proc/qemu-threads.ts';
import { localFiles } from '../src/adapters/local/local-files.ts';
import { namedMachine, type MachineName } from '../src/machines/named-machines.ts';
import { renderMachine } from '../src/machines/render-machine.ts';

const bundles = mkdtempSync(join(tmpdir(), 'pinfold-hook-'));
const HOOK = join(bundles, 'hook-opennebula.cjs');
const POLICY = '/var/tmp/one/etc/vmm/kvm/pinfold';
/** Each case starts several processes; a machine that does much else at once needs the time. */
jest.setTimeout(60_000);
let root: string;

beforeAll(() => {
  buildSync({
    entryPoints: [join(__dirname, 'opennebula.ts')],
    outfile: HOOK,
    bundle: true,
    platform: 'node',
    target: 'node18.18',
    format: 'cjs',
    logLevel: 'error',
  });
});
afterAll(() => {
  rmSync(bundles, { recursive: true, force: true });
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pinfold-tree-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const machine = (name: MachineName) => {
  writeTree(renderMachine(namedMachine(name)), root);
};
const put = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const folderOf = (id: number) => `/var/lib/one//datastores/0/${id}`;
const deployment = (id: number) => `${folderOf(id)}/deployment.0`;

interface Guest {
  readonly vcpus: number;
  readonly memoryMiB?: number;
  readonly pinfold?: Readonly<Record<string, string>> | null;
  readonly wish?: Readonly<Record<string, string>>;
  readonly cputune?: string;
}
const DEDICATED = { HW_CPU_POLICY: 'dedicated' };

const domainXml = (id: number, { vcpus, memoryMiB = 512, cputune = '' }: Guest) =>
  `<domain type='kvm'>\n\t<name>one-${id}</name>\n\t<vcpu><![CDATA[${vcpus}]]></vcpu>\n${cputune}\t<memory>${memoryMiB * 1024}</memory>\n\t<os>\n\t\t<type arch='x86_64'>hvm</type>\n\t</os>\n\t<metadata>\n\t\t<one:vm xmlns:one="http://opennebula.org/xmlns/libvirt/1.0"/>\n\t</metadata>\n</domain>\n\n`;

const section = (name: string, pairs: Readonly<Record<string, string>> | null | undefined) =>
  pairs === null || pairs === undefined
    ? ''
    : `<${name}>${Object.entries(pairs)
        .map(([key, value]) => `<${key}><![CDATA[${value}]]></${key}>`)
        .join('')}</${name}>`;

function writeVm(id: number, guest: Guest): void {
  put(
    `${folderOf(id)}/vm.xml`,
    `<VM><ID>${id}</ID><NAME>g</NAME><TEMPLATE><VCPU>${guest.vcpus}</VCPU></TEMPLATE><USER_TEMPLATE>${section('PINFOLD', guest.pinfold)}${section('PINFOLD_WISH', guest.wish)}</USER_TEMPLATE></VM>`,
  );
}
const words = (action: string, ...args: readonly string[]) => [HOOK, '--root', root, action, ...args];
const deployWords = (id: number) => words('deploy', deployment(id), 'host', String(id), 'host');

function deploy(id: number, guest: Guest, env: Readonly<Record<string, string>> = {}) {
  writeVm(id, guest);
  return spawnSync(process.execPath, deployWords(id), {
    input: domainXml(id, guest),
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}
const action = (name: string, ...args: readonly string[]) =>
  spawnSync(process.execPath, words(name, ...args), { input: '', encoding: 'utf8' });

const ledger = () => JSON.parse(readFileSync(join(root, 'run/pinfold/ledger.json'), 'utf8')) as Ledger;
const holders = () =>
  ledger().entries.map(({ vm, claim }) => [
    vm,
    claim.source,
    claim.cells.map(({ pcpus }) => pcpus).join(';'),
  ]);

/** CPUs that each running guest's vCPU threads may use, from the tree's own /proc. */
function vcpusOf(name: string): string[] {
  const tree = localFiles(root);
  const qemu = readQemuProcesses(tree).find(process => process.name === name);
  if (qemu === undefined) return [];
  return readQemuThreads(tree, qemu.pid)
    .filter(({ role }) => role === 'vcpu')
    .map(({ allowed }) => allowed.toString());
}

describe('a guest with a policy', () => {
  test('starts pinned, holds a claim bound to its process, and gives it back when it is cancelled', () => {
    machine('dual-socket-smt');
    const { status, stdout, stderr } = deploy(7, { vcpus: 2, pinfold: DEDICATED });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    const [entry] = ledger().entries;
    expect(vcpusOf('one-7')).toEqual([entry!.placement!.pins['0'], entry!.placement!.pins['1']]);
    expect(entry).toMatchObject({ vm: 'one-7', claim: { source: 'observed' }, marker: null });
    expect(entry!.claim).not.toHaveProperty('owner');
    expect(entry!.process).toBe(readQemuProcesses(localFiles(root))[0]!.process);
    expect(action('cancel', stdout.trim(), 'host', '7', 'host').status).toBe(0);
    expect(ledger().entries).toEqual([]);
  });

  test('is refused with one sentence and exit code 1 when it does not fit, and nothing is left of it', () => {
    machine('laptop-1c');
    const { status, stdout, stderr } = deploy(7, { vcpus: 5, pinfold: DEDICATED });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^[A-Z][^\n]*\b5\b[^\n]*\b4\b[^\n]*[.] \n$/);
    expect(existsSync(join(root, deployment(7)))).toBe(false);
    expect(ledger()).toMatchObject({ entries: [], counters: { starts: { refused: 1 } } });
    expect(existsSync(join(root, 'run/pinfold/decisions'))).toBe(false);
  });

  test('starts without CPUs of its own and with a warning when it does not fit and may float', () => {
    machine('laptop-1c');
    const { status, stderr } = deploy(7, { vcpus: 5, pinfold: { ...DEDICATED, ON_REFUSAL: 'float' } });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^WARN: pinfold: .*\b5\b.* starts without CPUs of its own/);
    expect(vcpusOf('one-7')).toEqual(['0-3', '0-3', '0-3', '0-3', '0-3']);
  });

  test('that asks for address bits and a topology alone is told them, and takes nothing', () => {
    machine('laptop-1c');
    const pinfold = { HW_MAXPHYSADDR_MODE: 'emulate', HW_MAXPHYSADDR_BITS: '42', HW_CPU_SOCKETS: '1' };
    const { status, stderr } = deploy(7, { vcpus: 2, pinfold });
    expect([status, stderr]).toEqual([0, '']);
    const status7 = readFileSync(join(root, 'run/libvirt/qemu/one-7.xml'), 'utf8');
    const launched = status7.slice(status7.indexOf('<domain '), status7.lastIndexOf('</domstatus>'));
    expect(readDomain(launched)).toMatchObject({
      physicalAddress: { mode: 'emulate', bits: 42 },
      topology: { sockets: 1, cores: 2, threads: 1 },
      hasPins: false,
    });
    expect(existsSync(join(root, 'run/pinfold/ledger.json'))).toBe(false);
  });

  test("is released when OpenNebula's script fails, whose words and exit code pass on", () => {
    machine('laptop-1c');
    const cputune = '\t<uuid>5a8d2b1c-0000-4000-8000-000000000007</uuid>\n';
    deploy(7, { vcpus: 1, pinfold: DEDICATED, cputune });
    const { status, stdout, stderr } = deploy(8, { vcpus: 1, pinfold: DEDICATED, cputune });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/error: .*domain 'one-7' is already active/);
    expect(holders().map(([vm]) => vm)).toEqual(['one-7']);
  });

  test('that runs already is not started again', () => {
    machine('laptop-1c');
    deploy(7, { vcpus: 1, pinfold: DEDICATED });
    const { status, stderr } = deploy(7, { vcpus: 1, pinfold: DEDICATED });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^one-7 already runs on this host as process \d+: .*\. \n$/),
    ]);
    expect(holders().map(([vm, source]) => [vm, source])).toEqual([['one-7', 'observed']]);
  });

  test('that is being started is not started a second time, and the first start keeps its lease', () => {
    machine('laptop-1c');
    deploy(7, { vcpus: 2, pinfold: DEDICATED }, { PINFOLD_KILL_AT: 'decided' });
    put('/proc/999/cmdline', `/bin/bash\0/var/tmp/one/vmm/kvm/deploy\0${deployment(7)}\0host\0`);
    const lease = ledger();
    const { status, stdout, stderr } = deploy(7, { vcpus: 2, pinfold: DEDICATED });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^one-7 is being started on this host already .*, then try again\. \n$/);
    expect(ledger()).toEqual(lease);
  });

  test('whose name holds a line end is warned about in one line', () => {
    machine('laptop-1c');
    writeVm(7, { vcpus: 5, pinfold: { ...DEDICATED, ON_REFUSAL: 'float' } });
    const input = domainXml(7, { vcpus: 1, cputune: "<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>" });
    const { stderr } = spawnSync(process.execPath, deployWords(7), {
      input: input.replace('one-7', 'one\n7'),
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^WARN: pinfold: one 7 comes with pins[^\n]*\nerror: /);
  });

  test('keeps pins that its own template wrote, and other guests stay off them', () => {
    machine('laptop-1c');
    const cputune = "\t<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>\n";
    const { status, stderr } = deploy(7, { vcpus: 1, pinfold: DEDICATED, cputune });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^WARN: pinfold: one-7 comes with pins of its own/);
    expect(deploy(8, { vcpus: 3, pinfold: DEDICATED }).status).toBe(0);
    expect(holders()).toContainEqual(['one-7', 'observed', '0']);
    expect(vcpusOf('one-8').sort()).toEqual(['1', '2', '3']);
    expect(deploy(9, { vcpus: 1, pinfold: DEDICATED }).status).toBe(1);
  });
});

describe('a guest without a policy', () => {
  test('starts byte for byte as it came; nothing is decided, locked or written', () => {
    machine('laptop-1c');
    const guest = { vcpus: 2, pinfold: null, wish: { HW_NUMA_NODES: '2' } };
    expect(deploy(7, guest)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(root, deployment(7)), 'utf8')).toBe(domainXml(7, guest));
    expect(readdirSync(join(root, 'run/pinfold')).filter(name => /ledger|^lock|policy/.test(name))).toEqual(
      [],
    );
  });
});

test("a wrapper is told once before OpenNebula's script may run, whoever placed the guest, and never for a refusal", () => {
  machine('laptop-1c');
  const shim = { PINFOLD_SHIM: '1' };
  const told = 'pinfold-launching\n';
  expect(deploy(7, { vcpus: 1, pinfold: DEDICATED }, shim).stderr).toBe(`${told}pinfold-done 0\n`);
  const cputune = "\t<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>\n";
  const foreign = deploy(8, { vcpus: 1, pinfold: DEDICATED, cputune }, shim).stderr;
  expect(foreign).toMatch(/^pinfold-launching\nWARN: pinfold: one-8 comes with .*\npinfold-done 0\n$/);
  expect(deploy(9, { vcpus: 9, pinfold: DEDICATED }, shim).stderr).not.toContain(told);
});

describe('a state folder that is none', () => {
  test('refuses a guest with a policy, lets it float where it may, and does not concern one without', () => {
    machine('laptop-1c');
    rmSync(join(root, 'run/pinfold'), { recursive: true, force: true });
    put('/run/pinfold', 'a file');
    const strict = deploy(7, { vcpus: 1, pinfold: DEDICATED });
    expect([strict.status, strict.stderr]).toEqual([1, expect.stringMatching(/^[^\n]*run\/pinfold.*\. \n$/)]);
    expect(vcpusOf('one-7')).toEqual([]);
    const float = deploy(8, { vcpus: 1, pinfold: { ...DEDICATED, ON_REFUSAL: 'float' } });
    expect([float.status, float.stderr]).toEqual([
      0,
      expect.stringMatching(/^WARN: pinfold: .*starts without a placement\.\n$/),
    ]);
    expect(deploy(9, { vcpus: 1, pinfold: null })).toMatchObject({ status: 0, stderr: '' });
  });
});

test('a guest whose vm.xml has a section for the wrapper and cannot be read by the hook is not started', () => {
  machine('laptop-1c');
  const start = (env: Readonly<Record<string, string>>) =>
    spawnSync(process.execPath, deployWords(7), {
      input: domainXml(7, { vcpus: 1 }),
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
  const { status, stderr } = start({ PINFOLD_SHIM: '1' });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^The VM has a PINFOLD section in \S+vm\.xml, but .* then try again\. \npinfold-done 1\n$/,
  );
  expect(vcpusOf('one-7')).toEqual([]);
  expect(start({}).status).toBe(0);
});

describe('the program', () => {
  test('whose other files are gone says so in one sentence', () => {
    const alone = join(root, 'hook-opennebula.cjs');
    buildSync({
      entryPoints: [join(__dirname, 'opennebula.ts')],
      outfile: alone,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['./opennebula/*'],
    });
    const { status, stdout, stderr } = spawnSync(process.execPath, [alone, 'deploy'], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Pinfold's own files cannot be loaded \([^\n]*run-hook[^\n]*\. \n$/);
  });

  test('ends with its own exit code where nobody reads what it says', () => {
    machine('laptop-1c');
    writeVm(7, { vcpus: 1, pinfold: DEDICATED });
    const { stdout } = spawnSync(
      'bash',
      [
        '-c',
        '{ "$@"; echo "code $?" >&3; } 3>&1 > >(exec true) 2>/dev/null',
        'bash',
        process.execPath,
        ...deployWords(7),
      ],
      { input: domainXml(7, { vcpus: 1 }), encoding: 'utf8' },
    );
    expect(stdout).toBe('code 0\n');
    expect(vcpusOf('one-7')).toHaveLength(1);
  });
});

describe('policy and profiles', () => {
  test('decide together, compiled once and again when a file changes', () => {
    machine('dual-socket-smt');
    put(`${POLICY}/policy.yaml`, 'cpu_dedicated_set: "8-15,24-31"\n');
    put(`${POLICY}/profiles.yaml`, 'fast:\n  extra_specs: { "hw:cpu_policy": dedicated }\n');
    expect(deploy(7, { vcpus: 1, pinfold: { PROFILE: 'fast' } })).toMatchObject({ status: 0, stderr: '' });
    expect(Number(vcpusOf('one-7')[0])).toBeGreaterThanOrEqual(8);
    put(`${POLICY}/policy.yaml`, 'cpu_dedicated_set: "3"\n');
    expect(deploy(8, { vcpus: 1, pinfold: { PROFILE: 'fast' } }).status).toBe(0);
    expect(vcpusOf('one-8')).toEqual(['3']);
  });

  test.each([
    ['a profile that is not there', { PROFILE: 'fats' }, {}, /names the profile "fats".*nearest is "fast"/],
    [
      'a wish that is not allowed',
      { PROFILE: 'fast' },
      { HW_CPU_POLICY: 'shared' },
      /PINFOLD_WISH of the VM sets HW_CPU_POLICY/,
    ],
    ['an option that does not exist', { PROFILE: 'fast', HW_CPU_POLCY: 'x' }, {}, /hw:cpu_polcy/],
    [
      'a word for ON_REFUSAL that is none',
      { PROFILE: 'fast', ON_REFUSAL: 'maybe' },
      {},
      /ON_REFUSAL.*"maybe"/,
    ],
  ])('refuse %s with one sentence', (_, pinfold, wish, sentence) => {
    machine('laptop-1c');
    put(
      `${POLICY}/profiles.yaml`,
      'fast:\n  extra_specs: { "hw:cpu_policy": dedicated }\n  tenant_may: [hw_numa_nodes]\n',
    );
    const { status, stderr } = deploy(7, { vcpus: 1, pinfold, wish });
    expect(status).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('that are there but cannot be opened are not taken for missing', () => {
    machine('laptop-1c');
    mkdirSync(join(root, POLICY, 'policy.yaml'), { recursive: true });
    const { status, stderr } = deploy(7, { vcpus: 1, pinfold: DEDICATED });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^\S+policy\.yaml exists but could not be read: .*\. \n$/),
    ]);
  });

  test('whose compiled form is damaged are read again', () => {
    machine('laptop-1c');
    put(`${POLICY}/policy.yaml`, 'cpu_dedicated_set: "3"\n');
    deploy(7, { vcpus: 1, pinfold: DEDICATED });
    action('cancel', 'one-7', 'host', '7', 'host');
    const compiled = JSON.parse(readFileSync(join(root, 'run/pinfold/policy.json'), 'utf8')) as object;
    put('/run/pinfold/policy.json', JSON.stringify({ ...compiled, policy: undefined }));
    put('/run/pinfold/topology.json', '{');
    expect(deploy(8, { vcpus: 1, pinfold: DEDICATED })).toMatchObject({ status: 0, stderr: '' });
    expect(vcpusOf('one-8')).toEqual(['3']);
  });

  test('that cannot be read refuse the start by file and line', () => {
    machine('laptop-1c');
    put(`${POLICY}/policy.yaml`, 'strategy: pack\ncpu_shared_set: [0\n');
    const { status, stderr } = deploy(7, { vcpus: 1, pinfold: DEDICATED });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/policy\.yaml.*line \d.*\. \n$/)]);
  });
});

describe('many starts at once', () => {
  test('16 in parallel never share a dedicated CPU', async () => {
    machine('dual-socket-smt');
    const guest = { vcpus: 2, pinfold: DEDICATED };
    const ids = Array.from({ length: 17 }, (_, index) => 100 + index);
    for (const id of ids) writeVm(id, guest);
    const codes = await Promise.all(
      ids.map(
        id =>
          new Promise<number | null>(resolve => {
            const child = spawn(process.execPath, deployWords(id), { stdio: ['pipe', 'ignore', 'ignore'] });
            child.on('exit', resolve);
            child.stdin.end(domainXml(id, guest));
          }),
      ),
    );
    // 32 CPUs hold sixteen guests of two.
    expect(codes.filter(code => code === 0)).toHaveLength(16);
    const cpus = ids.flatMap(id => vcpusOf(`one-${id}`));
    expect(cpus).toHaveLength(32);
    expect(new Set(cpus).size).toBe(32);
    expect(ledger().entries.every(({ claim }) => claim.source === 'observed')).toBe(true);
  });
});

describe('a hook that is killed', () => {
  test.each(['leased', 'decided'])('when it has %s leaves nothing that the next start trips over', point => {
    machine('laptop-1c');
    expect(deploy(7, { vcpus: 4, pinfold: DEDICATED }, { PINFOLD_KILL_AT: point }).signal).toBe('SIGKILL');
    expect(holders()).toEqual([['one-7', 'leased', '0-3']]);
    expect(deploy(8, { vcpus: 4, pinfold: DEDICATED })).toMatchObject({ status: 0, stderr: '' });
    expect(holders()).toEqual([['one-8', 'observed', '0-3']]);
  });

  test.each(['leased', 'decided'])('when it has %s does not keep the same guest from its next try', point => {
    machine('laptop-1c');
    deploy(7, { vcpus: 4, pinfold: DEDICATED }, { PINFOLD_KILL_AT: point });
    expect(deploy(7, { vcpus: 4, pinfold: DEDICATED })).toMatchObject({ status: 0, stderr: '' });
    expect(holders()).toEqual([['one-7', 'observed', '0-3']]);
  });

  test('after the launch leaves the guest with its CPUs, and the next start makes its lease a claim', () => {
    machine('laptop-1c');
    expect(deploy(7, { vcpus: 2, pinfold: DEDICATED }, { PINFOLD_KILL_AT: 'launched' }).signal).toBe(
      'SIGKILL',
    );
    expect(holders()).toMatchObject([['one-7', 'leased', expect.anything()]]);
    expect(deploy(8, { vcpus: 2, pinfold: DEDICATED }).status).toBe(0);
    expect(new Set([...vcpusOf('one-7'), ...vcpusOf('one-8')]).size).toBe(4);
    expect(holders().map(([vm, source]) => [vm, source])).toEqual([
      ['one-7', 'observed'],
      ['one-8', 'observed'],
    ]);
    expect(readdirSync(join(root, 'run/pinfold')).filter(name => /new$|tmp$/.test(name))).toEqual([]);
  });

  test("keeps the lease alive while OpenNebula's script works on the launch", () => {
    machine('laptop-1c');
    deploy(7, { vcpus: 4, pinfold: DEDICATED }, { PINFOLD_KILL_AT: 'decided' });
    put('/proc/999/cmdline', `/bin/bash\0/var/tmp/one/vmm/kvm/deploy\0${deployment(7)}\0host\0`);
    expect(deploy(8, { vcpus: 4, pinfold: DEDICATED }).status).toBe(1);
    rmSync(join(root, 'proc/999'), { recursive: true });
    expect(deploy(8, { vcpus: 4, pinfold: DEDICATED }).status).toBe(0);
  });
});

describe('a ledger that is lost', () => {
  test('is rebuilt from what runs, burnt siblings included', () => {
    machine('laptop-1c');
    deploy(7, { vcpus: 1, pinfold: { ...DEDICATED, HW_CPU_THREAD_POLICY: 'isolate' } });
    expect(holders()).toEqual([['one-7', 'observed', '0-1']]);
    rmSync(join(root, 'run/pinfold/ledger.json'));
    expect(deploy(8, { vcpus: 3, pinfold: DEDICATED }).status).toBe(1);
    expect(deploy(8, { vcpus: 2, pinfold: DEDICATED }).status).toBe(0);
    expect(holders()).toEqual([
      ['one-7', 'observed', '0-1'],
      ['one-8', 'observed', '2-3'],
    ]);
  });

  test('is set aside and named when it is damaged', () => {
    machine('laptop-1c');
    deploy(7, { vcpus: 2, pinfold: DEDICATED });
    put('/run/pinfold/ledger.json', '{"kind":"pinfold/ledger","ver');
    const { status, stderr } = deploy(8, { vcpus: 2, pinfold: DEDICATED });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^WARN: pinfold: The ledger \S+ was damaged: it is now \S+damaged-\S+, .*\.\n$/);
    expect(new Set([...vcpusOf('one-7'), ...vcpusOf('one-8')]).size).toBe(4);
  });
});

test('a ledger that was set aside is named, too, where the start is then refused', () => {
  machine('laptop-1c');
  deploy(7, { vcpus: 2, pinfold: DEDICATED });
  put('/run/pinfold/ledger.json', 'no ledger');
  const { status, stderr } = deploy(7, { vcpus: 2, pinfold: DEDICATED });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^one-7 already runs on this host [^\n]* The ledger \S+ was damaged: [^\n]*\. \n$/);
});

describe('a state folder that cannot be written', () => {
  test('refuses the start with one sentence, and leaves no half-written file', () => {
    machine('laptop-1c');
    mkdirSync(join(root, 'run/pinfold/lock'), { recursive: true });
    const { status, stdout, stderr } = deploy(7, { vcpus: 1, pinfold: DEDICATED });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^[^\n]*run\/pinfold\/lock[^\n]*\. \n$/);
    expect(vcpusOf('one-7')).toEqual([]);
    expect(
      readdirSync(join(root, 'run/pinfold')).filter(
        name => !/^(lock|effects\.jsonl|topology\.json)$/.test(name),
      ),
    ).toEqual([]);
  });
});

describe('save and restore', () => {
  test('gives the CPUs back, and places the guest anew where it then fits', () => {
    machine('laptop-1c');
    const { stdout } = deploy(7, { vcpus: 2, pinfold: DEDICATED });
    const before = vcpusOf('one-7');
    const checkpoint = `${folderOf(7)}/checkpoint`;
    expect(action('save', stdout.trim(), checkpoint, 'host', '7', 'host').status).toBe(0);
    expect(ledger().entries).toEqual([]);
    expect(deploy(8, { vcpus: 2, pinfold: DEDICATED }).status).toBe(0);
    expect(vcpusOf('one-8')).toEqual(before);
    const message = `<VMM_DRIVER_ACTION_DATA>${readFileSync(join(root, folderOf(7), 'vm.xml'), 'utf8')}</VMM_DRIVER_ACTION_DATA>`;
    const restored = spawnSync(
      process.execPath,
      words('restore', checkpoint, 'host', stdout.trim(), '7', 'host'),
      {
        input: message,
        encoding: 'utf8',
      },
    );
    expect(restored).toMatchObject({ status: 0, stderr: '' });
    expect(new Set([...vcpusOf('one-7'), ...before]).size).toBe(4);
    expect(holders().map(([vm, source]) => [vm, source])).toEqual([
      ['one-8', 'observed'],
      ['one-7', 'observed'],
    ]);
  });
});
