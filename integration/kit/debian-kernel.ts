import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { mustRun } from './run-program.ts';

/**
 * A kernel image of this machine's Debian, unpacked from its package without installing it, for the KVM probe.
 * Returns its path in the cache.
 */
export async function debianKernel(): Promise<string> {
  const folder = cacheFolder('kernel');
  const kept = join(folder, 'vmlinuz');
  if (existsSync(kept)) return kept;
  const options = { timeoutMs: 180_000 };
  const about = await mustRun(['apt-cache', 'depends', 'linux-image-cloud-amd64'], options);
  const name = /Depends: (linux-image-\S+)/.exec(about)?.[1];
  if (name === undefined) throw new Error('apt knows no linux-image-cloud-amd64: is this Debian on amd64?');
  const work = mkdtempSync(join(folder, 'work-'));
  // apt drops to the user _apt for downloads, who cannot write into root's folders: it says so and goes on as root.
  await mustRun(['apt-get', '-q', 'download', name], { ...options, cwd: work });
  const deb = readdirSync(work).find(file => file.endsWith('.deb'))!;
  mkdirSync(join(work, 'root'));
  await mustRun(['dpkg-deb', '-x', deb, 'root'], { ...options, cwd: work });
  const image = readdirSync(join(work, 'root/boot')).find(file => file.startsWith('vmlinuz-'))!;
  renameSync(join(work, 'root/boot', image), kept);
  rmSync(work, { recursive: true, force: true });
  return kept;
}
