import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startApiServer, type ApiServer } from '../../integration/proxmox/api/api-server.ts';
import { treeStore } from '../../integration/proxmox/api/guest-store.ts';
import { selfSigned } from '../../integration/proxmox/api/self-signed.ts';
import { fileLock } from '../adapters/ledger/file-lock.ts';
import { writeTree } from '../adapters/local/write-tree.ts';
import { DOCUMENT_SCHEMAS } from '../documents/document-schemas.ts';
import { parseWith } from '../documents/parse-with.ts';
import { namedMachine } from '../machines/named-machines.ts';
import { renderMachine } from '../machines/render-machine.ts';
import { topologyOf } from '../machines/topology-of.ts';
import { AppError } from '../domain/app-error.ts';
import { PROGRAM, type ProgramAnswer } from '../testing/built-program.ts';
import { byShellIn, newKeyPair, startSshServer, type SshServer } from '../testing/ssh-server.ts';
import { runVerb } from './run-verb.ts';

// The program runs in processes of its own; a busy machine needs the time.
jest.setTimeout(60_000);

const UUID = '0f1e2d3c-4b5a-4697-8877-665544332211';
const PASSWORD = 'pass&word= ü';
const CONFIG = '#50%25 of it\ncores: 4\nmemory: 8192\nname: web\nsockets: 2\ntags: prod\n';
const machine = { ...namedMachine('dual-socket-smt'), name: 'pve1' };

const base = mkdtempSync(join(tmpdir(), 'pinfold-node-verbs-'));
const root = join(base, 'tree');
const keyPair = newKeyPair();
const hostKey = newKeyPair();
let home: string;
let api: ApiServer;
let ssh: SshServer;
let tests = 0;
const others: Server[] = [];
const said: string[] = [];

const FILES = {
  'etc/pve/pinfold/profiles.yaml':
    'database: { extra_specs: { "hw:cpu_policy": dedicated, "hw:numa_nodes": "2" } }\n',
  'etc/pve/pinfold/policy.yaml': 'strategy: pack\n',
  'etc/pve/datacenter.cfg': 'registered-tags: pin-database\n',
  'etc/pve/nodes/pve1/qemu-server/100.conf': CONFIG,
  'etc/pve/nodes/pve2/qemu-server/200.conf': CONFIG,
  'var/lib/vz/snippets/pinfold': '#!/bin/sh\n',
  'var/lib/vz/snippets/own': '#!/bin/sh\n',
};

beforeAll(() => {
  writeTree(renderMachine(machine), root);
});

beforeEach(async () => {
  tests += 1;
  home = join(base, `home${tests}`);
  mkdirSync(home);
  for (const folder of ['etc/pve', 'var/lock', 'run'])
    rmSync(join(root, folder), { recursive: true, force: true });
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text, { mode: 0o755 });
  }
  const accounts = [
    { id: 'root@pam', secret: PASSWORD, grants: 'all' as const },
    { id: 'op@pve!all', secret: UUID, grants: 'all' as const },
    { id: 'op@pve!none', secret: UUID, grants: {} },
  ];
  api = await startApiServer({ node: 'pve1', store: treeStore(root, 'pve1', 1), accounts });
  ssh = await startSshServer(hostKey, byShellIn(root));
  for (const [name, text] of Object.entries({
    key: keyPair.private,
    password: `${PASSWORD}\n`,
    token: `op@pve!all=${UUID}\n`,
    powerless: `op@pve!none=${UUID}\n`,
  }))
    writeFileSync(join(home, name), text, { mode: 0o600 });
  writeFileSync(join(home, 'known_hosts'), `[127.0.0.1]:${ssh.port} ${hostKey.public}\n`);
});
afterEach(async () => {
  await Promise.all([api.close(), ssh.close()]);
  await Promise.all(others.splice(0).map(other => new Promise(resolve => other.close(resolve))));
});
afterAll(() => {
  rmSync(base, { recursive: true });
  const everything = said.join('\n');
  expect(said.length).toBeGreaterThan(20);
  for (const secret of [UUID, PASSWORD, keyPair.private.split('\n')[2]!])
    expect(everything).not.toContain(secret);
});

interface Reached {
  readonly api?: Record<string, unknown> | null;
  readonly ssh?: Record<string, unknown> | null;
}

/** Writes nodes.yaml (YAML holds JSON) and runs a verb on pve1. */
function onNode(words: readonly string[], reached: Reached = {}): Promise<ProgramAnswer> {
  writeNodes(reached);
  return run([...words, '--node', 'pve1']);
}

function writeNodes(reached: Reached = {}): void {
  const apiSettings = {
    port: api.port,
    fingerprint: api.tls.fingerprint,
    user: 'root@pam',
    password_file: '~/password',
    timeout_seconds: 20,
    ...reached.api,
  };
  const sshSettings = {
    port: ssh.port,
    key: '~/key',
    known_hosts: ['~/known_hosts'],
    timeout_seconds: 20,
    ...reached.ssh,
  };
  const entry = {
    host: '127.0.0.1',
    ...(reached.api !== null && { api: apiSettings }),
    ...(reached.ssh !== null && { ssh: sshSettings }),
  };
  writeFileSync(join(home, 'nodes.yaml'), JSON.stringify({ pve1: entry }));
}

/** Runs a verb in this process, as main.ts does: a process of its own takes half a second to start. */
async function run(words: readonly string[]): Promise<ProgramAnswer> {
  const texts = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map(name =>
    jest.spyOn(process[name], 'write').mockImplementation(piece => {
      texts[name] += String(piece);
      return true;
    }),
  );
  const before = process.env;
  process.env = { PATH: before['PATH'], HOME: home, PINFOLD_NODES: '~/nodes.yaml' };
  try {
    const code = await runVerb(words);
    return { code, ...texts };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    texts.stderr += `pinfold: ${error.message}\n`;
    return { code: error.exit, ...texts };
  } finally {
    process.env = before;
    for (const spy of spies) spy.mockRestore();
    said.push(texts.stdout, texts.stderr);
  }
}

/** The built program in a process of its own; the servers of this one must go on meanwhile. */
function runBuilt(words: readonly string[]): Promise<ProgramAnswer> {
  writeNodes();
  return new Promise(resolve => {
    const child = spawn(process.execPath, [PROGRAM, ...words, '--node', 'pve1'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: home, PINFOLD_NODES: '~/nodes.yaml' },
    });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (piece: string) => (texts[name] += piece));
    child.on('close', code => {
      said.push(texts.stdout, texts.stderr);
      resolve({ code, ...texts });
    });
  });
}

const configPath = () => join(root, 'etc/pve/nodes/pve1/qemu-server/100.conf');
const config = () => readFileSync(configPath(), 'utf8');
const besides = () =>
  ['attached', 'chain', 'strict'].flatMap(name => {
    const folder = join(root, 'etc/pve/pinfold', name);
    return existsSync(folder) ? readdirSync(folder).map(file => `${name}/${file}`) : [];
  });
const puts = () => api.calls.filter(({ method }) => method === 'PUT').length;
const ATTACH = ['attach', '100', '--profile', 'database', '--yes'];

describe('from another machine', () => {
  test('a topology is the one of the node, in one round trip', async () => {
    const { code, stdout } = await onNode(['topology']);
    expect([code, JSON.parse(stdout)]).toEqual([0, topologyOf(machine)]);
    expect(ssh.commands).toHaveLength(1);
  });

  test('status shows the node in one round trip', async () => {
    const { code, stdout } = await onNode(['status', '--json']);
    expect(code).toBe(0);
    const status = parseWith(DOCUMENT_SCHEMAS.status, JSON.parse(stdout), 'the status');
    expect(status.topology.host).toBe('pve1');
    expect(ssh.commands).toHaveLength(1);
    expect((await onNode(['status'])).stdout).toContain('pve1');
  });

  test('preview says that a VM without a tag is left alone, and where one with a profile would go', async () => {
    expect((await onNode(['preview', '100'])).stdout).toMatch(/No tag of VM 100 names a profile/);
    expect((await onNode(ATTACH)).code).toBe(0);
    const words = await onNode(['preview', '100']);
    expect(words.stdout).toMatch(/VM 100 on cells 0,1: vCPUs 0-3 on CPUs /);
    const { code, stdout } = await onNode(['preview', '100', '--json']);
    expect(code).toBe(0);
    const decision = parseWith(DOCUMENT_SCHEMAS.decision, JSON.parse(stdout), 'the decision');
    expect(decision).toMatchObject({ vm: '100', fits: true, placement: { nodeset: '0-1' } });
    expect((await onNode(['preview', '200'])).stderr).toContain('not on pve1 but on pve2');
  });

  test('explain asks the node about a request', async () => {
    const request = {
      kind: 'pinfold/request',
      version: 1,
      vm: 'x',
      vcpus: 2,
      memoryMiB: 512,
      extraSpecs: { 'hw:cpu_policy': 'dedicated' },
    };
    writeFileSync(join(home, 'request.json'), JSON.stringify(request));
    const { code, stdout } = await onNode(['explain', 'x', '--request', join(home, 'request.json')]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('vCPUs on CPUs')]);
  });
});

describe('attach from another machine', () => {
  test('shows the change and writes nothing with --dry-run, nor where nobody can be asked', async () => {
    const shown = await onNode(['attach', '100', '--profile', 'database', '--dry-run']);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^\+ hookscript: local:snippets\/pinfold$/m);
    expect(shown.stdout).toMatch(/^- tags: prod\n\+ tags: prod;pin-database$/m);
    expect(shown.stdout).toMatch(/^\+ numa1: cpus=4-7,hostnodes=\d,memory=4096,policy=bind$/m);
    const unasked = await runBuilt(['attach', '100', '--profile', 'database']);
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('--yes')]);
    expect([config(), besides(), puts()]).toEqual([CONFIG, [], 0]);
    const plan = await onNode(['attach', '100', '--profile', 'database', '--dry-run', '--json']);
    expect(parseWith(DOCUMENT_SCHEMAS.plan, JSON.parse(plan.stdout), 'the plan').changes).toContainEqual({
      vm: '100',
      change: 'rewrite-config',
      from: '',
      to: 'numa: 1',
      costMiB: 0,
      live: false,
    });
  });

  test('writes through the API as root@pam, once, and detach restores what was there', async () => {
    const { code, stderr } = await onNode(ATTACH);
    expect([code, stderr]).toEqual([0, expect.stringContaining('VM 100 follows the profile "database"')]);
    expect(config()).toContain('hookscript: local:snippets/pinfold\n');
    expect(besides()).toEqual(['attached/100.json', 'strict/100']);
    expect(puts()).toBe(1);
    const again = await onNode(ATTACH);
    expect([again.code, again.stderr, puts()]).toEqual([0, expect.stringContaining('has all that'), 1]);
    const back = await onNode(['detach', '100', '--yes']);
    expect([back.code, config(), besides(), puts()]).toEqual([0, CONFIG, [], 2]);
    const twice = await onNode(['detach', '100', '--yes']);
    expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining('is not attached')]);
  });

  test.each([
    ['with a token, which may not set a hook script', { token_file: '~/token' }],
    ['without an API', null],
  ])('writes over SSH under the lock of the config %s', async (_, settings) => {
    const reached = { api: settings };
    expect((await onNode(ATTACH, reached)).code).toBe(0);
    expect(config()).toContain('tags: prod;pin-database\n');
    expect(besides()).toEqual(['attached/100.json', 'strict/100']);
    expect((await onNode(['detach', '100', '--yes'], reached)).code).toBe(0);
    expect([config(), besides(), puts()]).toEqual([CONFIG, [], 0]);
    expect(readdirSync(dirname(configPath()))).toEqual(['100.conf']);
  });

  test('keeps a hook script that was there for the way back', async () => {
    const own = CONFIG.replace('memory', 'hookscript: local:snippets/own\nmemory');
    writeFileSync(configPath(), own);
    expect((await onNode(ATTACH)).code).toBe(0);
    expect(besides()).toContain('chain/100');
    expect((await onNode(['detach', '100', '--yes'])).code).toBe(0);
    expect([config(), besides()]).toEqual([own, []]);
  });

  test('without --node, on a tree, does the same under the same lock', async () => {
    expect((await run([...ATTACH, '--root', root])).code).toBe(0);
    expect(config()).toContain('hookscript: local:snippets/pinfold\n');
    expect((await run(['preview', '100', '--root', root])).stdout).toContain('VM 100 on cells 0,1');
    expect((await run(['detach', '100', '--yes', '--root', root])).code).toBe(0);
    expect([config(), besides()]).toEqual([CONFIG, []]);
  });
});

/** Exit code and one sentence, on standard error alone. */
async function expectFailure(
  pending: Promise<ProgramAnswer>,
  code: number,
  words: string | RegExp,
): Promise<void> {
  const answer = await pending;
  expect(answer.stderr).toMatch(words);
  expect([answer.code, answer.stdout]).toEqual([code, expect.not.stringContaining('{')]);
  expect(answer.stderr).toMatch(/^(Warning: [^\n]+\n)*pinfold: [^\n]+\.\n$/);
}

async function listenOn(act: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer(act);
  others.push(server);
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as { port: number }).port;
}

test('the built program does it all: preview, attach, detach, and a failure', async () => {
  expect((await runBuilt(ATTACH)).code).toBe(0);
  expect((await runBuilt(['preview', '100'])).stdout).toContain('VM 100 on cells 0,1');
  expect((await runBuilt(['status'])).stdout).toContain('pve1');
  expect((await runBuilt(['detach', '100', '--yes'])).code).toBe(0);
  expect([config(), besides()]).toEqual([CONFIG, []]);
  writeFileSync(join(home, 'known_hosts'), '');
  await expectFailure(runBuilt(['topology']), 4, /The host key of 127\.0\.0\.1 \(.*\) is in none of/);
});

describe('each of these ends with a code and a sentence of its own, and writes nothing', () => {
  afterEach(() => {
    expect([config(), besides()]).toEqual([CONFIG, []]);
  });

  test('another certificate than the pinned one', async () => {
    const fingerprint = selfSigned(['pve1']).fingerprint;
    await expectFailure(
      onNode(ATTACH, { api: { fingerprint } }),
      4,
      /shows the certificate .* is pinned: nothing was sent/,
    );
    expect(api.calls).toEqual([]);
  });

  test('a certificate that nobody vouches for', async () => {
    await expectFailure(
      onNode(ATTACH, { api: { fingerprint: undefined } }),
      4,
      /certificate of .* cannot be trusted/,
    );
  });

  test('another host key than the known one, for every verb', async () => {
    writeFileSync(join(home, 'known_hosts'), `[127.0.0.1]:${ssh.port} ${newKeyPair().public}\n`);
    for (const words of [
      ['topology'],
      ['status'],
      ['preview', '100'],
      ['explain', '100'],
      ATTACH,
      ['detach', '100', '--yes'],
    ])
      await expectFailure(onNode(words), 4, /shows the host key .* another one: nothing was sent/);
    expect(ssh.commands).toEqual([]);
  });

  test('a digest that is no longer the one that was read', async () => {
    // Somebody writes between the API's answer and ours.
    const between = jest
      .spyOn(api.guests, 'update')
      .mockImplementationOnce(async (account, vmid, parameters) => {
        between.mockRestore();
        writeFileSync(configPath(), CONFIG.replace('web', 'other'));
        await api.guests.update(account, vmid, parameters);
      });
    await expectFailure(onNode(ATTACH), 5, /"checksum mismatch \(file change by other user\?\)"/);
    expect(config()).toContain('name: other');
    writeFileSync(configPath(), CONFIG);
  });

  test('a digest that is another one over SSH than over the API', async () => {
    const elsewhere = join(base, 'elsewhere');
    cpSync(root, elsewhere, { recursive: true });
    writeFileSync(join(elsewhere, 'etc/pve/nodes/pve1/qemu-server/100.conf'), CONFIG.replace('web', 'other'));
    const second = await startSshServer(hostKey, byShellIn(elsewhere));
    writeFileSync(join(home, 'known_hosts'), `[127.0.0.1]:${second.port} ${hostKey.public}\n`);
    await expectFailure(
      onNode(ATTACH, { ssh: { port: second.port } }),
      5,
      /another config of VM 100 than SSH/,
    );
    await second.close();
  });

  test('a ticket that runs out before the write', async () => {
    const config = jest.spyOn(api.guests, 'config');
    config.mockImplementationOnce((...words) => {
      config.mockRestore();
      const answer = api.guests.config(...words);
      setImmediate(() => {
        api.access.expireTickets();
      });
      return answer;
    });
    await expectFailure(
      onNode(ATTACH),
      4,
      /no longer takes the ticket of root@pam .*"permission denied - invalid PVE ticket"/,
    );
    expect(puts()).toBe(1);
  });

  test('a token without rights', async () => {
    await expectFailure(
      onNode(ATTACH, { api: { token_file: '~/powerless' } }),
      4,
      /The API token op@pve!none .*"Permission check failed \(\/vms\/100, VM\.Audit\)"/,
    );
  });

  test('a wrong password', async () => {
    writeFileSync(join(home, 'password'), 'guess');
    await expectFailure(onNode(ATTACH), 4, /does not let root@pam in \("authentication failure"\)/);
  });

  test('a dead host, by API and by SSH', async () => {
    const port = await listenOn(() => undefined);
    await new Promise(resolve => others.pop()!.close(resolve));
    await expectFailure(
      onNode(ATTACH, { api: { port } }),
      4,
      /cannot be reached \(ECONNREFUSED\): check that the node runs and that pveproxy/,
    );
    writeFileSync(join(home, 'known_hosts'), '');
    await expectFailure(onNode(['status'], { ssh: { port } }), 4, /cannot be reached over SSH/);
  });

  test('a host that hangs, by API and by SSH, before and in a write', async () => {
    const port = await listenOn(socket => socket.on('error', () => undefined).resume());
    await expectFailure(
      onNode(ATTACH, { api: { port, timeout_seconds: 0.5 } }),
      4,
      /gave no answer within 0\.5 s: check/,
    );
    await expectFailure(
      onNode(['topology'], { ssh: { port, timeout_seconds: 0.5 } }),
      4,
      /cannot be reached over SSH \(.*(0\.5 s|Timed out)/,
    );
    api.trouble(/resources/);
    await expectFailure(onNode(ATTACH, { api: { timeout_seconds: 0.5 } }), 4, /gave no answer within 0\.5 s/);
  });

  test('a config that another task has locked', async () => {
    const release = await fileLock(join(root, 'var/lock/qemu-server/lock-100.conf')).acquire();
    writeFileSync(configPath(), `lock: backup\n${CONFIG}`);
    await expectFailure(onNode(ATTACH), 5, /VM 100 is locked \(backup\)/);
    release();
    writeFileSync(configPath(), CONFIG);
  });

  test('a VM that is not there, or on another node, a profile that does not exist', async () => {
    await expectFailure(
      onNode(['attach', '999', '--profile', 'database', '--yes']),
      2,
      /There is no VM 999 on pve1/,
    );
    await expectFailure(onNode(['attach', 'web', '--yes']), 2, /is no VM of Proxmox VE/);
    await expectFailure(onNode(['attach', '100', '--profile', 'databse']), 2, /the nearest is "database"/);
  });

  test('secrets that others may read', async () => {
    chmodSync(join(home, 'password'), 0o644);
    await expectFailure(onNode(ATTACH), 2, /may be used by others \(mode 0644\)/);
    chmodSync(join(home, 'key'), 0o640);
    await expectFailure(onNode(['status']), 2, /private key .* may be used by others/);
  });

  test('a node that nodes.yaml does not have, has without SSH, or has no file at all', async () => {
    await expectFailure(onNode(['status'], { ssh: null }), 2, /The API tells nothing of the cells and CPUs/);
    await expectFailure(run(['status', '--node', 'pve9']), 2, /has no node "pve9"; the nearest is "pve1"/);
    rmSync(join(home, 'nodes.yaml'));
    await expectFailure(run(['status', '--node', 'pve1']), 2, /there is no .*nodes\.yaml/);
    await expectFailure(
      run(['preview', '100', '--node', 'pve1', '--root', root]),
      2,
      /leave one of them out/,
    );
  });
});

test('a write whose answer is lost keeps what detach needs and says to look', async () => {
  api.trouble(/PUT/, 'done-but-unsaid');
  await expectFailure(onNode(ATTACH), 4, /it may have been done all the same, so look before you repeat it/);
  expect(config()).toContain('hookscript');
  expect([puts(), besides()]).toEqual([1, ['attached/100.json', 'strict/100']]);
  api.trouble(null);
  expect((await onNode(['detach', '100', '--yes'])).code).toBe(0);
  expect([config(), besides()]).toEqual([CONFIG, []]);
});
