import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTree } from '../../adapters/local/write-tree.ts';
import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { parseWith } from '../../documents/parse-with.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { PROGRAM, type ProgramAnswer } from '../../testing/built-program.ts';
import { byShellIn, newKeyPair, startSshServer, type SshServer } from '../../testing/ssh-server.ts';

jest.setTimeout(60_000);
const home = mkdtempSync(join(tmpdir(), 'pinfold-where-'));
const [userKey, hostKey] = [newKeyPair(), newKeyPair()];
const servers: SshServer[] = [];
const request = {
  kind: 'pinfold/request',
  version: 1,
  vm: 'web',
  vcpus: 4,
  memoryMiB: 512,
  extraSpecs: { 'hw:cpu_policy': 'dedicated' },
};

afterAll(async () => {
  await Promise.all(servers.map(server => server.close()));
  rmSync(home, { recursive: true, force: true });
});

/** The built program; the servers of this process must go on meanwhile. */
function pinfold(...words: readonly string[]): Promise<ProgramAnswer> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [PROGRAM, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: home, PINFOLD_NODES: '~/nodes.yaml' },
    });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (piece: string) => (texts[name] += piece));
    child.on('close', code => {
      resolve({ code, ...texts });
    });
  });
}

beforeAll(async () => {
  const tree = join(home, 'tree');
  writeTree(renderMachine({ ...namedMachine('dual-socket-smt'), name: 'pve1' }), tree);
  const answering = await startSshServer(hostKey, byShellIn(tree));
  const silent = await startSshServer(hostKey, () => undefined);
  const closed = await startSshServer(hostKey, () => undefined);
  await closed.close();
  servers.push(answering, silent);
  const ssh = (port: number) => ({
    host: '127.0.0.1',
    ssh: { port, key: '~/key', known_hosts: ['~/known_hosts'], timeout_seconds: 600 },
  });
  const nodes = { pve1: ssh(answering.port), pve2: ssh(silent.port), pve3: ssh(closed.port) };
  const known = [answering, silent].map(({ port }) => `[127.0.0.1]:${port} ${hostKey.public}\n`);
  for (const [name, text] of Object.entries({
    key: userKey.private,
    known_hosts: known.join(''),
    'nodes.yaml': JSON.stringify(nodes),
    'request.json': JSON.stringify(request),
  }))
    writeFileSync(join(home, name), text, { mode: 0o600 });
});

test('where ranks the nodes that answer, names one that never does and one that refuses, and ends', async () => {
  const { code, stdout, stderr } = await pinfold(
    'where',
    join(home, 'request.json'),
    '--json',
    '--deadline',
    '5',
  );
  expect([code, stderr]).toEqual([0, '']);
  const ranking = parseWith(DOCUMENT_SCHEMAS.ranking, JSON.parse(stdout), 'the ranking');
  expect(ranking.fits.map(({ node }) => node)).toEqual(['pve1']);
  expect(ranking.unreachable).toEqual([
    { node: 'pve2', reason: 'It did not answer within 5 s.' },
    { node: 'pve3', reason: expect.stringMatching(/ECONNREFUSED|refused/) },
  ]);
  // Nobody answers: the reasons, and the exit code for it.
  const none = await pinfold('where', join(home, 'request.json'), '--nodes', 'pve3');
  expect([none.code, none.stderr]).toEqual([4, '']);
  expect(none.stdout).toContain('pve3');
});

test('metrics tells of a node over SSH, without the drift that SSH does not show', async () => {
  const { code, stdout, stderr } = await pinfold('metrics', '--node', 'pve1', '--json');
  expect([code, stderr]).toEqual([0, '']);
  const metrics = parseWith(DOCUMENT_SCHEMAS.metrics, JSON.parse(stdout), 'the metrics');
  expect(metrics).toMatchObject({ host: 'pve1', drift: null });
  expect(metrics.cells.map(({ dedicatedCpus }) => dedicatedCpus)).toEqual([16, 16]);
});
