import { createHash } from 'node:crypto';

/** The first 16 hexadecimal digits of the SHA-256 of these parts; where one part ends matters. */
export function shortHash(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 16);
}
