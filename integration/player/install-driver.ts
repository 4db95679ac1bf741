import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../kit/run-program.ts';
import type { DrivenHost } from '../opennebula/drive.ts';

/**
 * Puts OpenNebula's remotes where a front-end has them, installs Pinfold's driver directory into them with the
 * project's own installer, and copies the result to the host as `onehost sync` does (links become files there).
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
  cpSync(remotes, host.remotes, { recursive: true });
  await mustRun([join(delivery, 'hooks/opennebula/install'), host.remotes], { timeoutMs: 60_000 });
  const configuration = join(host.remotes, 'etc/vmm/kvm/pinfold/driver.conf');
  if (decisionSeconds === null) rmSync(configuration, { force: true });
  else writeFileSync(configuration, `PINFOLD_TIMEOUT=${decisionSeconds}\n`);
  syncHost(host);
}

/** `onehost sync`: the host has what the front-end has, links dereferenced, and nothing else. */
export function syncHost(host: DrivenHost): void {
  rmSync(host.scripts, { recursive: true, force: true });
  cpSync(host.remotes, host.scripts, { recursive: true, dereference: true });
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
