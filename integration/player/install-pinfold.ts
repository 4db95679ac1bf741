import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the package has the engine. */
const ENGINE = '/usr/share/pinfold';
/** The operator's files. */
const POLICY = '/etc/pve/pinfold';

/** What the operator wrote, and the administrator registered. */
export interface PveOperator {
  readonly policy: string;
  readonly profiles: string;
  readonly registeredTags: readonly string[];
}

/**
 * Puts Pinfold on a Proxmox VE node as its package does: engine, snippet; and the operator's files. Files keep their times, and so the
 * compiled code that V8 left beside them its use.
 */
export function installPinfold(delivery: string, operator: PveOperator): void {
  mkdirSync(ENGINE, { recursive: true });
  execFileSync('cp', ['-a', `${delivery}/dist/.`, ENGINE]);
  const snippet = '/var/lib/vz/snippets/pinfold';
  copyFileSync(join(delivery, 'hooks/proxmox/pinfold'), snippet);
  chmodSync(snippet, 0o755);
  rmSync(POLICY, { recursive: true, force: true });
  mkdirSync(POLICY, { recursive: true });
  writeFileSync(`${POLICY}/policy.yaml`, operator.policy);
  writeFileSync(`${POLICY}/profiles.yaml`, operator.profiles);
  writeFileSync('/etc/pve/datacenter.cfg', `registered-tags: ${operator.registeredTags.join(';')}\n`);
}
