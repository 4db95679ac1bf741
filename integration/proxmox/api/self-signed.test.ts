import { createPrivateKey, X509Certificate } from 'node:crypto';
import { selfSigned } from './self-signed.ts';

test('a certificate that signed itself is read back by Node with its names, key and time', () => {
  const made = selfSigned(['pve1', 'pve1.example.com', '127.0.0.1'], 300);
  const read = new X509Certificate(made.certificate);
  expect(read.verify(read.publicKey)).toBe(true);
  expect(read.checkIssued(read)).toBe(true);
  expect(read.checkPrivateKey(createPrivateKey(made.key))).toBe(true);
  expect(read.subject).toBe('CN=pve1');
  expect([read.checkHost('pve1.example.com'), read.checkIP('127.0.0.1')]).toEqual([
    'pve1.example.com',
    '127.0.0.1',
  ]);
  expect(read.checkHost('pve2')).toBeUndefined();
  expect(made.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  expect(Date.parse(read.validTo)).toBeGreaterThan(Date.now() + 299 * 86_400_000);
  expect(Date.parse(new X509Certificate(selfSigned(['a'], -1).certificate).validTo)).toBeLessThan(Date.now());
});

test('two certificates are never the same', () => {
  expect(selfSigned(['pve1']).fingerprint).not.toBe(selfSigned(['pve1']).fingerprint);
});
