import { mustRun, runProgram } from './run-program.ts';

/** A slow mirror may take minutes, a hanging one must not take the night. */
const APT_TIMEOUT_MS = 300_000;

const ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };

/**
 * Installs these Debian packages where any is missing, without recommendations and without a question asked. The
 * suites name only packages that start no service (libvirt-daemon, not libvirt-daemon-system).
 */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of packages) {
    const query = await runProgram(['dpkg-query', '-W', '-f', '${db:Status-Status}', name], {
      timeoutMs: 20_000,
    });
    if (query.stdout.trim() !== 'installed') missing.push(name);
  }
  if (missing.length === 0) return;
  const options = { env: ENVIRONMENT, timeoutMs: APT_TIMEOUT_MS };
  // A third party's broken source must not stop us: what is really missing fails the installation below.
  await runProgram(['apt-get', '-q', 'update'], options);
  await mustRun(['apt-get', '-q', '-y', 'install', '--no-install-recommends', ...missing], options);
}
