import { createPrivateKey, createSign, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  bitString,
  der,
  generalizedTime,
  identifier,
  integer,
  octets,
  sequence,
  set,
  utf8Text,
  yes,
} from './der.ts';

/** A key with a certificate that it signed itself, as every fresh Proxmox node has one. */
export interface SelfSigned {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the certificate as Proxmox shows it: `1E:B0:…`. */
  readonly fingerprint: string;
}

const DAY_MS = 86_400_000;

/**
 * A new certificate of an EC key on P-256 for these names and IPv4 addresses, valid since two days and for this many more
 * (-1 = it ran out). Node can sign but makes no certificates (RFC 5280), and openssl(1) is not on every machine.
 */
export function selfSigned(names: readonly string[], days = 30): SelfSigned {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = sequence(identifier('1.2.840.10045.4.3.2'));
  const subject = sequence(set(sequence(identifier('2.5.4.3'), utf8Text(names[0]!))));
  const from = new Date(Date.now() - 2 * DAY_MS);
  const body = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(randomBytes(8)),
    algorithm,
    subject,
    sequence(generalizedTime(from), generalizedTime(new Date(Date.now() + days * DAY_MS))),
    subject,
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(authority(), alternativeNames(names))),
  );
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signature = createSign('sha256').update(body).sign(createPrivateKey(key));
  const whole = sequence(body, algorithm, bitString(signature));
  const text = whole.toString('base64').replace(/.{1,64}/g, '$&\n');
  const certificate = `-----BEGIN CERTIFICATE-----\n${text}-----END CERTIFICATE-----\n`;
  return { key, certificate, fingerprint: new X509Certificate(certificate).fingerprint256 };
}

/** basicConstraints: it may vouch for itself, so that it can be named as the CA. */
function authority(): Buffer {
  return sequence(identifier('2.5.29.19'), yes(), octets(sequence(yes())));
}

/** subjectAltName: tag 2 is a DNS name, tag 7 an address. */
function alternativeNames(names: readonly string[]): Buffer {
  const entries = names.map(name =>
    isIP(name) === 4 ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name)),
  );
  return sequence(identifier('2.5.29.17'), octets(sequence(...entries)));
}
