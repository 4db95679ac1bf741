import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A folder below `${XDG_CACHE_HOME:-~/.cache}/pinfold`, made when it is missing. */
export function cacheFolder(...parts: readonly string[]): string {
  const base = process.env['XDG_CACHE_HOME'];
  const folder = join(
    base === undefined || base === '' ? join(homedir(), '.cache') : base,
    'pinfold',
    ...parts,
  );
  mkdirSync(folder, { recursive: true });
  return folder;
}
