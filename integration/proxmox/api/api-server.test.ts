import { existsSync, mkdtempSync, rmSync, writeFileSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileLock } from '../../../src/adapters/ledger/file-lock.ts';
import { startApiServer, type ApiServer, type ApiSetup } from './api-server.ts';
import { callApi, ticketHeaders, type PlainAnswer } from './call-api.ts';
import { memoryStore, treeStore } from './guest-store.ts';

const SECRET = '0f1e2d3c-4b5a-4697-8877-665544332211';
const token = (id: string, secret = SECRET) => ({ authorization: `PVEAPIToken=${id}=${secret}` });
const accounts: ApiSetup['accounts'] = [
  { id: 'root@pam', secret: 'secret', grants: 'all' },
  { id: 'root@pam!full', secret: SECRET, grants: 'all' },
  { id: 'op@pve!cpu', secret: SECRET, grants: { '/vms/100': ['VM.Config.CPU', 'VM.Config.Options'] } },
  { id: 'op@pve!none', secret: SECRET, grants: {} },
];

let server: ApiServer;
const folder = mkdtempSync(join(tmpdir(), 'pinfold-api-'));
async function start(more: Partial<ApiSetup> = {}): Promise<void> {
  const store = memoryStore(['local:snippets/pinfold']);
  store.write(100, 'cores: 2\nmemory: 64\ntags: web\n');
  server = await startApiServer({ node: 'pve1', store, accounts, registeredTags: ['pin-db'], ...more });
}
beforeEach(() => start());
afterEach(() => server.close());
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function call(
  headers: Record<string, string>,
  method: string,
  path: string,
  parameters: Record<string, string> = {},
): Promise<PlainAnswer> {
  return callApi({ port: server.port, ca: server.tls.certificate, method, path, parameters, headers });
}
const root = () => ticketHeaders({ port: server.port, ca: server.tls.certificate }, 'root@pam', 'secret');
const CONFIG = '/nodes/pve1/qemu/100/config';

test.each([
  ['affinity', '0-1'],
  ['hookscript', 'local:snippets/pinfold'],
  ['args', '-S'],
  ['hugepages', '2'],
  ['keephugepages', '1'],
])(
  '%s is refused to a token of root@pam with all privileges, and taken from its ticket',
  async (key, value) => {
    const refused = await call(token('root@pam!full'), 'PUT', CONFIG, { [key]: value });
    expect(refused).toMatchObject({
      status: 500,
      reason: `only root can set '${key}' config`,
      body: { data: null, message: `only root can set '${key}' config\n` },
    });
    expect(await call(await root(), 'PUT', CONFIG, { [key]: value })).toMatchObject({ status: 200 });
  },
);

test('tickets: none, a stranger, one that ran out, a write without its CSRF token, wrong passwords', async () => {
  expect(await call({}, 'GET', '/nodes')).toEqual({ status: 401, reason: 'No ticket', body: null });
  const ticket = await root();
  expect(await call({ cookie: ticket['cookie']! }, 'PUT', CONFIG, { cores: '1' })).toMatchObject({
    status: 401,
    reason: 'Permission denied - invalid csrf token',
  });
  server.access.expireTickets();
  expect(await call(ticket, 'GET', '/nodes')).toEqual({
    status: 401,
    reason: 'permission denied - invalid PVE ticket',
    body: null,
  });
  expect(await call({}, 'POST', '/access/ticket', { username: 'root@pam', password: 'guess' })).toMatchObject(
    { status: 401, reason: 'authentication failure' },
  );
  expect(await call(token('op@pve!gone'), 'GET', '/nodes')).toMatchObject({
    reason: "no such token 'gone' for user 'op@pve'",
  });
  expect(await call(token('op@pve!none', 'x'), 'GET', '/nodes')).toMatchObject({
    reason: 'invalid token value!',
  });
});

test('a token sees and changes only what it has privileges for', async () => {
  expect(await call(token('op@pve!none'), 'GET', '/nodes/pve1/qemu')).toMatchObject({ body: { data: [] } });
  expect(await call(token('op@pve!none'), 'GET', CONFIG)).toMatchObject({
    status: 403,
    reason: 'Permission check failed (/vms/100, VM.Audit)',
  });
  expect(await call(token('op@pve!cpu'), 'PUT', CONFIG, { cores: '4' })).toMatchObject({ status: 200 });
  expect(await call(token('op@pve!cpu'), 'PUT', CONFIG, { memory: '128' })).toMatchObject({
    reason: 'Permission check failed (/vms/100, VM.Config.Memory)',
  });
  expect(await call(token('op@pve!cpu'), 'PUT', CONFIG, { tags: 'web;pin-db' })).toMatchObject({
    reason: "Permission check failed (/, Sys.Modify for modifying tag 'pin-db')",
  });
  expect(await call(token('op@pve!cpu'), 'PUT', CONFIG, { tags: 'web;other' })).toMatchObject({
    status: 200,
  });
});

test('a running VM gets tags at once and cells at its next start', async () => {
  server.guests.setRunning(100, true);
  await call(await root(), 'PUT', CONFIG, { numa: '1', tags: 'B;a', delete: 'cores' });
  expect(await call(await root(), 'GET', CONFIG, { current: '1' })).toMatchObject({
    body: { data: { cores: 2, tags: 'a;b' } },
  });
  const { data } = (await call(await root(), 'GET', CONFIG)).body as { data: object };
  expect(data).toMatchObject({ numa: 1, tags: 'a;b' });
  expect(data).not.toHaveProperty('cores');
  await call(await root(), 'PUT', CONFIG, { revert: 'cores' });
  await call(await root(), 'POST', '/nodes/pve1/qemu/100/status/stop');
  expect(await call(await root(), 'GET', CONFIG, { current: '1' })).toMatchObject({
    body: { data: { numa: 1, cores: 2 } },
  });
});

test('a start that fails is a task that failed, with its words in the log', async () => {
  await server.close();
  const words = 'start failed: hookscript error for 100 on pre-start: command failed';
  await start({ start: () => Promise.resolve({ log: ['no cell fits'], error: words }) });
  const { data: upid } = (await call(await root(), 'POST', '/nodes/pve1/qemu/100/status/start')).body as {
    data: string;
  };
  await new Promise(setImmediate);
  expect(
    await call(await root(), 'GET', `/nodes/pve1/tasks/${encodeURIComponent(upid)}/status`),
  ).toMatchObject({
    body: { data: { status: 'stopped', exitstatus: words, type: 'qmstart' } },
  });
  expect(await call(await root(), 'GET', `/nodes/pve1/tasks/${encodeURIComponent(upid)}/log`)).toMatchObject({
    body: {
      total: 2,
      data: [
        { n: 1, t: 'no cell fits' },
        { n: 2, t: `TASK ERROR: ${words}` },
      ],
    },
  });
});

test.each([
  [{ cores: '0' }, { cores: 'value must have a minimum value of 1' }],
  [{ numa: 'maybe' }, { numa: "type check ('boolean') failed - got 'maybe'" }],
  [{ tags: 'ok;näh' }, { tags: 'invalid format - invalid characters in tag\n' }],
  [{ hugepages: '4' }, { hugepages: "value '4' does not have a value in the enumeration 'any, 2, 1024'" }],
  [
    { numa8: 'cpus=0' },
    { numa8: 'property is not defined in schema and the schema does not allow additional properties' },
  ],
  [{ delete: 'nosuch' }, { delete: "unknown option 'nosuch'" }],
])('%j is refused by the name of the parameter', async (parameters, errors) => {
  expect(await call(await root(), 'PUT', CONFIG, parameters)).toMatchObject({
    status: 400,
    body: { data: null, message: 'Parameter verification failed.\n', errors },
  });
});

describe('configs in a tree', () => {
  test('wait for their lock, keep what they do not know for no write longer, and know their snippets', async () => {
    await server.close();
    const place = join(folder, 'etc/pve/nodes/pve1/qemu-server/100.conf');
    mkdirSync(join(place, '..'), { recursive: true });
    writeFileSync(place, '#50%25\ncores: 2\nx-placement: 1\n\n[before]\ncores: 1\n');
    await start({ store: treeStore(folder, 'pve1', 1) });
    const release = await fileLock(join(folder, 'var/lock/qemu-server/lock-100.conf')).acquire();
    expect(await call(await root(), 'PUT', CONFIG, { cores: '4' })).toMatchObject({
      status: 500,
      reason: "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout",
    });
    release();
    expect(await call(await root(), 'PUT', CONFIG, { cores: '4' })).toMatchObject({ status: 200 });
    expect(readFileSync(place, 'utf8')).toBe('#50%25\ncores: 4\n\n[before]\ncores: 1\n');
    expect(await call(await root(), 'PUT', CONFIG, { hookscript: 'local:snippets/none' })).toMatchObject({
      status: 500,
      reason: "script 'local:snippets/none' does not exist",
    });
    expect(existsSync(`${place}.tmp`)).toBe(false);
  });

  test('that are locked by a backup are not written', async () => {
    await call(await root(), 'PUT', CONFIG, { lock: 'backup' });
    expect(await call(await root(), 'PUT', CONFIG, { cores: '4' })).toMatchObject({
      reason: 'VM is locked (backup)',
    });
    expect(await call(await root(), 'PUT', CONFIG, { cores: '4', skiplock: '1' })).toMatchObject({
      status: 200,
    });
  });
});
