import { createServer, type AddressInfo, type Server } from 'node:net';
import { startApiServer, type ApiServer, type Trouble } from '../../../integration/proxmox/api/api-server.ts';
import { memoryStore } from '../../../integration/proxmox/api/guest-store.ts';
import { selfSigned } from '../../../integration/proxmox/api/self-signed.ts';
import type { AppError } from '../../domain/app-error.ts';
import type { ApiLogin, ApiTarget, ApiTrust } from './api-target.ts';
import { openProxmoxApi, type ProxmoxApi } from './open-api.ts';

const UUID = '0f1e2d3c-4b5a-4697-8877-665544332211';
const PASSWORD = 'pass&word= ü';
const ROOT: ApiLogin = { kind: 'password', user: 'root@pam', password: PASSWORD };
const token = (id: string): ApiLogin => ({ kind: 'token', id, secret: UUID });
let server: ApiServer;
const others: Server[] = [];

beforeEach(async () => {
  const store = memoryStore(['local:snippets/pinfold']);
  store.write(100, '#50%25 of it\ncores: 2\nmemory: 64\nname: web\ntags: web\n');
  server = await startApiServer({
    node: 'pve1',
    store,
    registeredTags: ['pin-db'],
    accounts: [
      { id: 'root@pam', secret: PASSWORD, grants: 'all' },
      { id: 'root@pam!full', secret: UUID, grants: 'all' },
      { id: 'op@pve!none', secret: UUID, grants: {} },
    ],
  });
});
afterEach(async () => {
  await server.close();
  await Promise.all(others.splice(0).map(other => new Promise(resolve => other.close(resolve))));
});

function open(more: Partial<ApiTarget> = {}): ProxmoxApi {
  const trust: ApiTrust = { kind: 'fingerprint', sha256: server.tls.fingerprint };
  return openProxmoxApi({
    host: '127.0.0.1',
    port: server.port,
    trust,
    login: ROOT,
    deadlineMs: 20_000,
    ...more,
  });
}

/** What a call ends with; no message may hold a secret, and each is one line with a full stop. */
async function refusal(pending: Promise<unknown>): Promise<AppError> {
  const error = await pending.then(
    () => {
      throw new Error('It must have failed.');
    },
    (failure: unknown) => failure as AppError,
  );
  expect(error.message).toMatch(/^\S[^\n]+\.$/);
  expect(error.message).not.toContain(UUID);
  expect(error.message).not.toContain(PASSWORD);
  return error;
}
const writes = () => server.calls.filter(({ method }) => method === 'PUT');

describe('the API of a node', () => {
  test('tells its VMs and a config with digest and notes, and is entered once for both', async () => {
    const api = open();
    expect(await api.vms()).toEqual([{ vmid: '100', node: 'pve1', tags: 'web' }]);
    expect(await api.config('pve1', '100')).toEqual({
      digest: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
      description: '50% of it',
      values: { cores: '2', memory: '64', name: 'web', tags: 'web' },
    });
    expect(server.access.logins).toBe(1);
  });

  test('takes a write with the digest that it gave, keys away too, and refuses it once the config is another', async () => {
    const api = open();
    const { digest } = await api.config('pve1', '100');
    const write = { set: { numa: '1', hookscript: 'local:snippets/pinfold' }, delete: ['name'], digest };
    await api.writeConfig('pve1', '100', write);
    const { values } = await api.config('pve1', '100');
    expect(values).toEqual({
      cores: '2',
      memory: '64',
      tags: 'web',
      numa: '1',
      hookscript: 'local:snippets/pinfold',
    });
    const error = await refusal(api.writeConfig('pve1', '100', write));
    expect(error).toMatchObject({ code: 'config-changed', exit: 5 });
    expect(error.message).toContain('"checksum mismatch (file change by other user?)"');
  });

  test('is believed by its authority where the name is right, and by nothing else', async () => {
    const authority = { kind: 'authority', pem: server.tls.certificate } as const;
    expect(await open({ trust: authority }).vms()).toHaveLength(1);
    const other = selfSigned(['pve1', '127.0.0.1']);
    for (const trust of [{ kind: 'public' }, { kind: 'authority', pem: other.certificate }] as const) {
      const error = await refusal(open({ trust }).vms());
      expect(error).toMatchObject({ code: 'api-certificate-untrusted', exit: 4 });
    }
    expect(await refusal(open({ trust: { kind: 'authority', pem: 'no PEM' } }).vms())).toMatchObject({
      code: 'api-certificate-untrusted',
    });
    const changed = await refusal(open({ trust: { kind: 'fingerprint', sha256: other.fingerprint } }).vms());
    expect(changed).toMatchObject({ code: 'api-certificate-changed', exit: 4 });
    expect(changed.message).toContain(
      `shows the certificate ${server.tls.fingerprint}, but ${other.fingerprint} is`,
    );
    // Nothing was sent to a server that was not believed.
    expect(server.calls.filter(({ path }) => path.includes('ticket'))).toHaveLength(1);
  });

  test('is asked by the wrong name only where its fingerprint is pinned', async () => {
    const trust = { kind: 'authority', pem: selfSigned(['elsewhere']).certificate } as const;
    await server.close();
    const tls = selfSigned(['elsewhere']);
    server = await startApiServer({
      node: 'pve1',
      store: memoryStore(),
      accounts: [{ id: 'root@pam', secret: PASSWORD, grants: 'all' }],
      tls,
    });
    expect(await refusal(open({ trust }).vms())).toMatchObject({ code: 'api-certificate-untrusted' });
    const named = await refusal(open({ trust: { kind: 'authority', pem: tls.certificate } }).vms());
    expect(named.message).toContain('does not match');
    const plain = tls.fingerprint.replaceAll(':', '').toLowerCase();
    expect(await open({ trust: { kind: 'fingerprint', sha256: plain } }).vms()).toEqual([]);
  });
});

describe('a ticket that ran out', () => {
  test('is renewed once for a read', async () => {
    const api = open();
    await api.vms();
    server.access.expireTickets();
    expect(await api.vms()).toHaveLength(1);
    expect(server.access.logins).toBe(2);
  });

  test('ends a write, which is not sent again', async () => {
    const api = open();
    const { digest } = await api.config('pve1', '100');
    server.access.expireTickets();
    const error = await refusal(api.writeConfig('pve1', '100', { set: { numa: '1' }, delete: [], digest }));
    expect(error).toMatchObject({ code: 'api-ticket-expired', exit: 4 });
    expect(error.message).toContain('"permission denied - invalid PVE ticket"');
    expect(writes()).toHaveLength(1);
  });
});

test.each([
  [token('op@pve!none'), 'api-forbidden', 'Permission check failed (/vms/100, VM.Audit)'],
  [token('op@pve!gone'), 'api-token-refused', "no such token 'gone' for user 'op@pve'"],
  [{ ...token('root@pam!full'), secret: 'wrong' } as ApiLogin, 'api-token-refused', 'invalid token value!'],
  [{ ...ROOT, password: 'wrong' }, 'api-login-refused', 'authentication failure'],
])(
  "a login without rights, or none at all, is told with the server's words: %#",
  async (login, code, words) => {
    const error = await refusal(open({ login }).config('pve1', '100'));
    expect(error).toMatchObject({ code, exit: 4 });
    expect(error.message).toContain(words);
  },
);

test.each([
  [{ hookscript: 'local:snippets/pinfold' }, 'api-root-only', 4, "only root can set 'hookscript' config"],
  [{ nosuch: '1' }, 'api-parameters-refused', 2, 'nosuch: property is not defined'],
])("a write of %j with a token is refused in the server's words", async (set, code, exit, words) => {
  const api = open({ login: token('root@pam!full') });
  const { digest } = await api.config('pve1', '100');
  const error = await refusal(api.writeConfig('pve1', '100', { set, delete: [], digest }));
  expect(error).toMatchObject({ code, exit });
  expect(error.message).toContain(words);
});

test('what is not there is told: the VM, the node, a name that is none', async () => {
  expect(await refusal(open().config('pve1', '999'))).toMatchObject({ code: 'vm-missing', exit: 2 });
  expect(await refusal(open().config('nosuch', '100'))).toMatchObject({ code: 'node-unknown', exit: 2 });
  expect(await refusal(open().config('pve1?x', '100'))).toMatchObject({ code: 'node-name-invalid' });
  expect(await refusal(open().config('..', '100'))).toMatchObject({ code: 'node-name-invalid' });
  expect(await refusal(open().config('pve1', '100/../101'))).toMatchObject({ code: 'vmid-invalid' });
  expect(server.calls.filter(({ path }) => path.includes('pve1?x'))).toEqual([]);
});

describe('a server that', () => {
  test.each<[Trouble, string, string]>([
    ['break-off', 'api-answer-lost', 'broke off'],
    ['garbage', 'api-answer-unreadable', 'no JSON'],
    ['huge', 'api-answer-unreadable', 'more than 8388608 bytes'],
  ])('answers with %s fails a read', async (kind, code, words) => {
    server.trouble(/resources/, kind);
    const error = await refusal(open().vms());
    expect(error).toMatchObject({ code, exit: 4 });
    expect(error.message).toContain(words);
  });

  test.each<Trouble>(['hang', 'trickle'])(
    'does %s is given up at the deadline, logging in included',
    async kind => {
      server.trouble(/resources|ticket/, kind);
      const error = await refusal(open({ deadlineMs: 300 }).vms());
      expect(error).toMatchObject({ code: 'api-timeout', exit: 4 });
      expect(error.message).toContain('no answer within 0.3 s');
    },
  );

  test('does a write and loses its answer is not asked twice, and the message says to look', async () => {
    const api = open();
    const { digest } = await api.config('pve1', '100');
    server.trouble(/PUT/, 'done-but-unsaid');
    const error = await refusal(api.writeConfig('pve1', '100', { set: { numa: '1' }, delete: [], digest }));
    expect(error).toMatchObject({ code: 'api-answer-lost', exit: 4 });
    expect(error.message).toContain('it may have been done all the same, so look before you repeat it');
    expect(writes()).toHaveLength(1);
    expect((await api.config('pve1', '100')).values).toMatchObject({ numa: '1' });
  });

  test('does not listen, never speaks TLS, or speaks something else is unreachable', async () => {
    const plain = createServer(socket => {
      socket.on('error', () => undefined);
      socket.resume().end('SSH-2.0-OpenSSH\r\n');
    });
    const deaf = createServer(socket => socket.on('error', () => undefined).resume());
    for (const other of [plain, deaf])
      await new Promise<void>(resolve => {
        others.push(other);
        other.listen(0, '127.0.0.1', resolve);
      });
    const portOf = (other: Server) => (other.address() as AddressInfo).port;
    expect(await refusal(open({ port: portOf(plain) }).vms())).toMatchObject({
      code: 'api-unreachable',
      exit: 4,
    });
    expect(await refusal(open({ port: portOf(deaf), deadlineMs: 300 }).vms())).toMatchObject({
      code: 'api-timeout',
    });
    const port = server.port;
    await server.close();
    const dead = await refusal(open({ port }).vms());
    expect(dead).toMatchObject({ code: 'api-unreachable', exit: 4 });
    expect(dead.message).toContain('ECONNREFUSED');
  });
});
