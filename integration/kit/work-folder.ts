import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atTheEnd } from './clean-ups.ts';
import { processIdentity } from './process-identity.ts';

/**
 * A temporary folder of this process, `pinfold-KIND-PID-…`, which goes with the clean-up. Folders of the kind whose process is gone (it was killed
 * before it could tidy up) are removed first.
 */
export function workFolder(kind: string): string {
  const prefix = `pinfold-${kind}-`;
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? /^(\d+)-/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (pid !== undefined && processIdentity(Number(pid)) === null)
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  atTheEnd(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
