import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../kit/run-program.ts';
import { copyRemotes, type DrivenHost } from '../opennebula/drive.ts';

/**
 * Puts OpenNebula's remotes where a front-end has them, installs Pinfold's driver directory into them with the
 * project's own installer, and copies the result to the host as `onehost sync` does. Does nothing where all of that is as
 * it was left for earlier scenarios; V8's compiled code beside the programs then stays, too.
 *
 * @param delivery folder with dist/ and hooks/, as a user gets it
 * @param remotes our re-creation of OpenNebula's remotes
 * @param decisionSeconds PINFOLD_TIMEOUT in driver.conf; null leaves the default
 */
export async function installDriver(
  host: DrivenHost,
  {
    delivery,
    remotes,
    decisionSeconds,
  }: { readonly delivery: string; readonly remotes: string; readonly decisionSeconds: number | null },
): Promise<void> {
  const installation = { host, delivery, remotes, decisionSeconds };
  const note = join(host.frontEnd, 'installed.json');
  if (existsSync(note) && readFileSync(note, 'utf8') === stateOf(installation)) return;
  cpSync(remotes, host.remotes, { recursive: true });
  await mustRun([join(delivery, 'hooks/opennebula/install'), host.remotes], { timeoutMs: 60_000 });
  const configuration = join(host.remotes, 'etc/vmm/kvm/pinfold/driver.conf');
  if (decisionSeconds === null) rmSync(configuration, { force: true });
  else writeFileSync(configuration, `PINFOLD_TIMEOUT=${decisionSeconds}\n`);
  syncHost(host);
  mkdirSync(host.frontEnd, { recursive: true });
  writeFileSync(note, stateOf(installation));
}

/** Every file delivered, on front-end and host with its size and the moment of its last change, but for what use makes there. */
function stateOf(installation: {
  readonly host: DrivenHost;
  readonly delivery: string;
  readonly remotes: string;
}): string {
  const { host, delivery, remotes } = installation;
  const folders = [join(delivery, 'dist'), join(delivery, 'hooks'), remotes, host.remotes, host.scripts];
  const files = folders.flatMap(folder =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name))
      : [],
  );
  const kept = files.filter(path => !path.endsWith('.cache') && !path.endsWith('/policy.yaml')).sort();
  const facts = kept.map(path => {
    const { size, mode, mtimeMs, ctimeMs } = lstatSync(path);
    return (mode & 0o170000) === 0o040000 ? [path, mode] : [path, mode, size, mtimeMs, ctimeMs];
  });
  return JSON.stringify([installation, facts]);
}

/** `onehost sync --force`: the host has what the front-end has, and nothing else. */
export function syncHost(host: DrivenHost): void {
  rmSync(host.scripts, { recursive: true, force: true });
  copyRemotes(host);
}

/** The operator's policy.yaml in the remotes and on the host; null takes it away. */
export function setPolicy(host: DrivenHost, policy: string | null): void {
  for (const base of [host.remotes, host.scripts]) {
    const file = join(base, 'etc/vmm/kvm/pinfold/policy.yaml');
    mkdirSync(join(file, '..'), { recursive: true });
    if (policy === null) rmSync(file, { force: true });
    else writeFileSync(file, policy);
  }
}
