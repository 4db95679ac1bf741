import { createHash, createHmac } from 'node:crypto';
import { visibleName } from '../../formats/map/visible-name.ts';

/** A known_hosts file: its path and its text. */
export interface KnownHostsFile {
  readonly path: string;
  readonly text: string;
}

/** A line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) that speaks of the host in question. */
export interface KnownKey {
  readonly type: string;
  /** The key in base64. */
  readonly key: string;
  readonly revoked: boolean;
  /** `FILE line N`. */
  readonly where: string;
}

/** What the files say about a key that a host showed. */
export type HostKeyVerdict =
  | { readonly kind: 'known' | 'unknown' }
  | { readonly kind: 'changed' | 'revoked'; readonly where: string };

/**
 * The lines that name this host: plainly, with wildcards and `!`, or hashed. Lines of certificate authorities are
 * left out, because host certificates are not supported.
 */
export function knownKeys(files: readonly KnownHostsFile[], host: string, port: number): KnownKey[] {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const words = line.trim().split(/\s+/);
      const marker = words[0]!.startsWith('@') ? words.shift()! : '';
      const [hosts, type, key] = words;
      if (key === undefined || hosts!.startsWith('#') || !['', '@revoked'].includes(marker)) return [];
      if (!names(hosts!, name)) return [];
      return [{ type: type!, key, revoked: marker !== '', where: `${path} line ${index + 1}` }];
    }),
  );
}

/** A key is good only when a line has exactly it and none revokes it; anything else is not. */
export function judgeHostKey(known: readonly KnownKey[], shown: Buffer): HostKeyVerdict {
  const same = known.filter(({ key }) => Buffer.from(key, 'base64').equals(shown));
  const revoked = same.find(line => line.revoked);
  if (revoked !== undefined) return { kind: 'revoked', where: revoked.where };
  if (same.length > 0) return { kind: 'known' };
  const other = known.find(line => !line.revoked);
  return other === undefined ? { kind: 'unknown' } : { kind: 'changed', where: other.where };
}

/** Type and fingerprint of a key as `ssh-keygen -l` shows them: `ssh-ed25519 SHA256:…`. */
export function fingerprint(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  const digest = createHash('sha256').update(key).digest('base64').replace(/=+$/, '');
  return `${visibleName(key.subarray(4, 4 + length).toString('latin1'))} SHA256:${digest}`;
}

function names(field: string, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(field);
  if (hashed !== null) {
    const salt = Buffer.from(hashed[1]!, 'base64');
    return createHmac('sha1', salt).update(name).digest('base64') === hashed[2];
  }
  const patterns = field.toLowerCase().split(',');
  const matches = (pattern: string) => wildcard(pattern).test(name);
  return (
    !patterns.some(pattern => pattern.startsWith('!') && matches(pattern.slice(1))) && patterns.some(matches)
  );
}

function wildcard(pattern: string): RegExp {
  const text = pattern.replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${text.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}
