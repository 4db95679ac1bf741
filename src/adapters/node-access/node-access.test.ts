import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '../../domain/app-error.ts';
import { apiLogin } from './api-login.ts';
import { apiTarget, sshTarget } from './node-targets.ts';
import { findNodesFile } from './nodes-file.ts';
import { closedFault, readSecret } from './read-secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'pinfold-access-'));
const UUID = '0f1e2d3c-4b5a-4697-8877-665544332211';
const TOKEN = `op@pve!pinfold=${UUID}`;
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string | Buffer, mode = 0o600): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

/** One sentence, of exit 2, that holds no secret. */
function fault(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect([error.exit, error.message]).toEqual([2, expect.stringMatching(/^\S[^\n]+\.$/)]);
    expect(error.message).not.toContain(UUID);
    return error.message;
  }
  throw new Error('It must have failed.');
}

describe('a secret in a file', () => {
  test('is its only line, from a file that nobody else may use', () => {
    expect(readSecret(file('a', 'pass word \n'), 'a password')).toBe('pass word ');
    expect(readSecret(file('b', 'ü\r\n', 0o400), 'a password')).toBe('ü');
  });

  test.each([0o640, 0o604, 0o660, 0o610])('is refused where others have a right to it: mode %o', mode => {
    const path = file('open', TOKEN, mode);
    expect(fault(() => readSecret(path, 'an API token'))).toContain('may be used by others');
  });

  test('is refused in a file of somebody else, in none, in an empty, a long or a garbled one', () => {
    const about = { uid: 1000, mode: 0o100600, isFile: () => true };
    expect(closedFault(about, 1000)).toBeNull();
    expect(closedFault(about, 1001)).toBe('belongs to user 1000');
    expect(closedFault({ ...about, uid: 0 }, 1001)).toBeNull();
    expect(fault(() => readSecret(join(folder, 'none'), 'a password'))).toContain('ENOENT');
    expect(fault(() => readSecret(folder, 'a password'))).toContain('is no file');
    for (const text of ['', '\n', 'a\nb', 'x'.repeat(5000), Buffer.from([65, 0, 66])])
      expect(fault(() => readSecret(file('bad', text), 'a password'))).toContain('as its only line');
  });
});

describe('who enters an API', () => {
  const settings = () => ({
    user: 'op@pam',
    token_file: file('token', `${TOKEN}\n`),
    password_file: file('password', 'from file\n'),
  });

  test('comes from the environment first, a token before a password, else from files', () => {
    const other = 'me@pve!x';
    const token = { kind: 'token', id: 'op@pve!pinfold', secret: UUID };
    expect(apiLogin('pve1', settings(), {})).toEqual(token);
    expect(apiLogin('pve1', settings(), { PINFOLD_API_TOKEN: `${other}=${UUID}` })).toEqual({
      ...token,
      id: other,
    });
    const { user, password_file } = settings();
    const withPassword = { user, password_file };
    expect(apiLogin('pve1', withPassword, {})).toEqual({
      kind: 'password',
      user: 'op@pam',
      password: 'from file',
    });
    expect(
      apiLogin('pve1', settings(), { PINFOLD_API_PASSWORD: 'from here', PINFOLD_API_USER: 'me@pve' }),
    ).toEqual({ kind: 'password', user: 'me@pve', password: 'from here' });
    expect(apiLogin('pve1', { password_file: withPassword.password_file }, {})).toMatchObject({
      user: 'root@pam',
    });
  });

  test('is told to be missing or malformed without a word of the secret', () => {
    expect(fault(() => apiLogin('pve1', {}, {}))).toContain('PINFOLD_API_TOKEN');
    for (const text of [UUID, `op@pve=${UUID}`, `op@pve!x=${UUID}extra`, `op@pve!x =${UUID}`])
      expect(fault(() => apiLogin('pve1', {}, { PINFOLD_API_TOKEN: text }))).toContain('no API token');
    expect(fault(() => apiLogin('pve1', { token_file: file('t', `op@pve ${UUID}`) }, {}))).toContain(
      'no API token',
    );
  });
});

describe('the targets of a node', () => {
  const environment = { HOME: folder, SSH_AUTH_SOCK: '/run/agent', PINFOLD_API_TOKEN: TOKEN };

  test('are its own name on the usual ports where nothing else is said', () => {
    const named = { name: 'pve1', settings: { api: {}, ssh: {} }, environment };
    expect(apiTarget(named)).toMatchObject({ host: 'pve1', trust: { kind: 'public' } });
    expect(sshTarget(named)).toEqual({
      host: 'pve1',
      user: 'root',
      agent: '/run/agent',
      knownHosts: [join(folder, '.ssh/known_hosts'), '/etc/ssh/ssh_known_hosts'],
    });
    expect([apiTarget({ ...named, settings: {} }), sshTarget({ ...named, settings: {} })]).toEqual([
      null,
      null,
    ]);
  });

  test('follow every setting', () => {
    const ca = file('ca.pem', 'PEM');
    const key = file('key', 'KEY');
    const settings = {
      host: '10.0.0.1',
      api: { port: 8007, ca: '~/ca.pem', timeout_seconds: 2.5 },
      ssh: {
        host: '10.0.0.2',
        port: 2222,
        user: 'admin',
        key: '~/key',
        known_hosts: ['~/known'],
        host_key_alias: 'a',
        timeout_seconds: 3,
      },
    };
    expect(ca).toBe(join(folder, 'ca.pem'));
    expect(apiTarget({ name: 'pve1', settings, environment })).toMatchObject({
      host: '10.0.0.1',
      port: 8007,
      trust: { kind: 'authority', pem: 'PEM' },
      deadlineMs: 2500,
    });
    expect(sshTarget({ name: 'pve1', settings, environment })).toEqual({
      host: '10.0.0.2',
      port: 2222,
      user: 'admin',
      keyFile: key,
      agent: '/run/agent',
      knownHosts: [join(folder, 'known')],
      hostKeyAlias: 'a',
      connectTimeoutMs: 3000,
    });
    const fingerprint = 'AB:'.repeat(31) + 'CD';
    expect(apiTarget({ name: 'pve1', settings: { api: { fingerprint } }, environment })).toMatchObject({
      trust: { kind: 'fingerprint', sha256: fingerprint },
    });
  });

  test('are refused for a key that others may read, a ca that is not there, and trust in two ways', () => {
    file('loose', 'KEY', 0o644);
    const refused = (settings: object) =>
      fault(() => [
        apiTarget({ name: 'pve1', settings, environment }),
        sshTarget({ name: 'pve1', settings, environment }),
      ]);
    expect(refused({ ssh: { key: '~/loose' } })).toContain('may be used by others (mode 0644)');
    expect(refused({ api: { ca: '~/no.pem' } })).toContain('pve-root-ca.pem');
    expect(refused({ api: { ca: '~/ca.pem', fingerprint: 'AB' } })).toContain('both fingerprint and ca');
  });
});

test("nodes.yaml is the named one, the user's, else the machine's, and one that cannot be read is told", () => {
  const own = file('.config/pinfold/nodes.yaml', 'own: {}');
  const given = file('given.yaml', 'given: {}');
  expect(findNodesFile({ HOME: folder })).toEqual({ path: own, text: 'own: {}' });
  expect(findNodesFile({ HOME: folder, PINFOLD_NODES: given })).toEqual({ path: given, text: 'given: {}' });
  expect(fault(() => findNodesFile({ PINFOLD_NODES: join(folder, 'none') }))).toContain(
    'templates/nodes.yaml',
  );
  expect(fault(() => findNodesFile({ PINFOLD_NODES: folder }))).toContain('EISDIR');
});
