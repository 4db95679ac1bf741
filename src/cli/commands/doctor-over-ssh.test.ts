import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeTree } from '../../adapters/local/write-tree.ts';
import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { parseWith } from '../../documents/parse-with.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { PROGRAM } from '../../testing/built-program.ts';
import { byShellIn, newKeyPair, startSshServer, type SshServer } from '../../testing/ssh-server.ts';

jest.setTimeout(60_000);
const home = mkdtempSync(join(tmpdir(), 'pinfold-doctor-ssh-'));
let server: SshServer;

afterAll(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

beforeAll(async () => {
  const [userKey, hostKey] = [newKeyPair(), newKeyPair()];
  const tree = join(home, 'tree');
  writeTree(renderMachine({ ...namedMachine('dual-socket-smt'), name: 'pve1' }), tree);
  const files = {
    'etc/pve/pinfold/policy.yaml': 'cpu_dedicated_set: "4-31"\ncpu_shared_set: "0-3"\n',
    'etc/pve/pinfold/profiles.yaml': 'fast: { extra_specs: { "hw:cpu_policy": dedicated } }\n',
    'etc/pve/pinfold/strict/555': 'strict\n',
    'etc/pve/datacenter.cfg': 'registered-tags: pin-fast\n',
    'etc/pve/nodes/pve1/qemu-server/100.conf': 'cores: 2\nmemory: 512\ntags: pin-fast\n',
    'proc/sys/kernel/numa_balancing': '1\n',
    'proc/77/comm': 'irqbalance\n',
    'sys/devices/system/cpu/cpu9/cpufreq/scaling_governor': 'powersave\n',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  server = await startSshServer(hostKey, byShellIn(tree));
  const nodes = {
    pve1: { host: '127.0.0.1', ssh: { port: server.port, key: '~/key', known_hosts: ['~/known_hosts'] } },
  };
  for (const [name, text] of Object.entries({
    key: userKey.private,
    known_hosts: `[127.0.0.1]:${server.port} ${hostKey.public}\n`,
    'nodes.yaml': JSON.stringify(nodes),
  }))
    writeFileSync(join(home, name), text, { mode: 0o600 });
});

test('a doctor looks at another node over SSH, reads its files in one round trip, and tries nothing out there', async () => {
  const { code, stdout, stderr } = await new Promise<{ code: number | null; stdout: string; stderr: string }>(
    resolve => {
      const child = spawn(process.execPath, [PROGRAM, 'doctor', '--node', 'pve1', '--json'], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env['PATH'], HOME: home, PINFOLD_NODES: '~/nodes.yaml' },
      });
      const texts = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const)
        child[name].setEncoding('utf8').on('data', (piece: string) => (texts[name] += piece));
      child.on('close', exit => {
        resolve({ code: exit, ...texts });
      });
    },
  );
  expect([code, stderr]).toEqual([6, '']);
  const { host, checks } = parseWith(DOCUMENT_SCHEMAS.doctor, JSON.parse(stdout), 'the diagnosis');
  expect(host).toBe('pve1');
  const states = Object.fromEntries(checks.map(({ id, state }) => [id, state]));
  expect(states).toMatchObject({
    'node-version': 'ok',
    'policy-fits': 'ok',
    engine: 'fail',
    snippet: 'warn',
    hookscripts: 'fail',
    'registered-tags': 'ok',
    leftovers: 'warn',
    'node-lock': 'skip',
    'systemd-nudge': 'skip',
    'numa-balancing': 'warn',
    irqbalance: 'warn',
    'frequency-governors': 'warn',
  });
  expect(server.commands.filter(command => command.includes('xargs'))).toHaveLength(1);
});
