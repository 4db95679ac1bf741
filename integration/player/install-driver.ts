import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../kit/run-program.ts';
import { copyRemotes, type DrivenHost } from '../opennebula/drive.ts';
import type { HookSettings } from './hook-settings.ts';

/**
 * Puts OpenNebula's remotes where a front-end has them, installs Pinfold's driver directory into them with the
 * project's own installer, and copies the result to the host as `onehost sync` does. Does nothing where all of that is as
 * it was left for earlier scenarios; V8's compiled code beside the programs then stays, too.
 *
 * @param delivery folder with dist/ and hooks/, as a user gets it
 * @param remotes our re-creation of OpenNebula's remotes
 * @param hookSettings what driver.conf says
 */
export async function installDriver(
  host: DrivenHost,
  {
    delivery,
    remotes,
    hookSettings,
  }: { readonly delivery: string; readonly remotes: string; readonly hookSettings: HookSettings },
): Promise<void> {
  const installation = { host, delivery, remotes, hookSettings };
  const note = join(host.frontEnd, 'installed.json');
  if (existsSync(note) && readFileSync(note, 'utf8') === stateOf(installation)) return;
  cpSync(remotes, host.remotes, { recursive: true });
  await mustRun([join(delivery, 'hooks/opennebula/install'), host.remotes], { timeoutMs: 60_000 });
  const configuration = join(host.remotes, 'etc/vmm/kvm/pinfold/driver.conf');
  const lines = Object.entries(hookSettings).map(([name, value]) => `${name}=${value}\n`);
  if (lines.length === 0) rmSync(configuration, { force: true });
  else writeFileSync(configuration, lines.join(''));
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
  // One program instead of a call for each of some hundred files, which take a second under TCG.
  const facts = execFileSync('find', [
    ...folders.filter(folder => existsSync(folder)),
    ...['!', '-name', '*.cache', '!', '-name', 'policy.yaml'],
    ...['(', '-type', 'd', '-printf', '%p %m\\n', '-o', '-printf', '%p %m %s %T@ %C@\\n', ')'],
  ]);
  return JSON.stringify([installation, facts.toString().split('\n').sort()]);
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
