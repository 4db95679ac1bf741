import { readFileSync } from 'node:fs';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { fingerprint, judgeHostKey, knownKeys } from './known-hosts.ts';
import type { SshTarget } from './ssh-target.ts';

/** Judges the host key of one connection. */
export interface HostKeyGuard {
  /** Signatures to ask for, so that the host shows a key of a type that is known; empty = any. */
  readonly algorithms: readonly string[];
  readonly verify: (key: Buffer) => boolean;
  /** Why the connection failed, when it was about the host key; else null. */
  reason(cause: unknown): AppError | null;
}

/** Signature algorithms (ssh2) by key type; SHA-1 signatures of RSA keys are not accepted. */
const SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** Only a key that a known_hosts file has for this very host passes; ssh2 without a verifier lets every key pass. */
export function hostKeyGuard(target: SshTarget): HostKeyGuard {
  const { host, knownHosts } = target;
  const files = knownHosts.map(path => ({ path, text: textOf(path) }));
  const port = target.hostKeyAlias === undefined ? (target.port ?? 22) : 22;
  const known = knownKeys(files, target.hostKeyAlias ?? host, port);
  const algorithms = [
    ...new Set(known.filter(line => !line.revoked).flatMap(line => SIGNATURES[line.type] ?? [])),
  ];
  let refusal: AppError | null = null;
  return {
    algorithms,
    verify: key => {
      const verdict = judgeHostKey(known, key);
      if (verdict.kind === 'known') return true;
      const shown = fingerprint(key);
      const sentence = {
        unknown: `The host key of ${host} (${shown}) is in none of ${knownHosts.join(', ') || 'no known_hosts file'}: compare it with "ssh-keygen -lf" on ${host} itself, then add it.`,
        changed: `${host} shows the host key ${shown}, but ${'where' in verdict ? verdict.where : ''} has another one: nothing was sent; find out why it changed before you replace that line.`,
        revoked: `The host key of ${host} (${shown}) is revoked in ${'where' in verdict ? verdict.where : ''}: give that host a new key.`,
      }[verdict.kind];
      refusal = new AppError(`host-key-${verdict.kind}`, EXIT.unreachable, sentence);
      return false;
    },
    reason: cause => {
      const noCommonType = cause instanceof Error && cause.message.includes('no matching host key format');
      if (refusal !== null || !noCommonType || known.length === 0) return refusal;
      return new AppError(
        'host-key-changed',
        EXIT.unreachable,
        `${host} has no host key of a type that ${known[0]!.where} knows (${algorithms.join(', ')}): nothing was sent; find out why it changed before you replace that line.`,
        cause,
      );
    },
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
