import { createHmac } from 'node:crypto';
import { fingerprint, judgeHostKey, knownKeys } from './known-hosts.ts';

function keyBlob(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(body)]);
}
const ONE = keyBlob('ssh-ed25519', 'one');
const TWO = keyBlob('ssh-ed25519', 'two');
const line = (hosts: string, key: Buffer) => `${hosts} ssh-ed25519 ${key.toString('base64')} comment`;
const file = (...lines: string[]) => [{ path: '/etc/ssh/ssh_known_hosts', text: `${lines.join('\n')}\n` }];
const where = 'at line';

test('the key that a line has is known, another one is a changed key, and no line is an unknown host', () => {
  const known = knownKeys(file('# a comment', '', line('pve1,10.0.0.1', ONE)), 'PVE1', 22);
  expect(judgeHostKey(known, ONE)).toEqual({ kind: 'known' });
  expect(judgeHostKey(known, TWO)).toEqual({ kind: 'changed', where: '/etc/ssh/ssh_known_hosts line 3' });
  expect(judgeHostKey(knownKeys(file(line('pve1', ONE)), 'pve2', 22), ONE)).toEqual({ kind: 'unknown' });
});

test('a port of its own needs the form with brackets', () => {
  expect(knownKeys(file(line('pve1', ONE)), 'pve1', 2222)).toEqual([]);
  expect(knownKeys(file(line('[pve1]:2222', ONE)), 'pve1', 2222)).toHaveLength(1);
});

test('wildcards, negations and hashed names are read as OpenSSH does', () => {
  expect(knownKeys(file(line('*.lab,!bad.lab', ONE)), 'pve1.lab', 22)).toHaveLength(1);
  expect(knownKeys(file(line('*.lab,!bad.lab', ONE)), 'bad.lab', 22)).toEqual([]);
  expect(knownKeys(file(line('pve?.lab', ONE)), 'pve1xlab', 22)).toEqual([]);
  const salt = Buffer.from('salt of 20 bytes....');
  const hash = createHmac('sha1', salt).update('pve1').digest('base64');
  const hashed = file(line(`|1|${salt.toString('base64')}|${hash}`, ONE));
  expect(knownKeys(hashed, 'pve1', 22)).toHaveLength(1);
  expect(knownKeys(hashed, 'pve2', 22)).toEqual([]);
});

test('a revoked key is refused although another line has it, and authorities count for nothing', () => {
  const lines = file(line('pve1', ONE), line('@revoked pve1', ONE), line('@cert-authority pve1', TWO));
  const known = knownKeys(lines, 'pve1', 22);
  expect(judgeHostKey(known, ONE)).toMatchObject({ kind: 'revoked' });
  expect(judgeHostKey(known, TWO)).toMatchObject({ kind: 'changed' });
});

test('one of two keys of a host is enough', () => {
  const known = [TWO, ONE].map(key => ({ type: 'x', key: key.toString('base64'), revoked: false, where }));
  expect(judgeHostKey(known, ONE)).toEqual({ kind: 'known' });
});

test('a fingerprint names the type', () => {
  expect(fingerprint(ONE)).toMatch(/^ssh-ed25519 SHA256:[\w+/]{43}$/);
  expect(fingerprint(Buffer.from([1]))).toMatch(/SHA256:/);
  expect(fingerprint(Buffer.from([0, 0, 0, 2, 0x1b, 0x9b]))).toMatch(/^\\u\{1b\}\\u\{9b\} SHA256:/);
});
