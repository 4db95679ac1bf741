import { readFileSync, statSync } from 'node:fs';
import { AppError, EXIT } from '../../domain/app-error.ts';
import type { NodeSettings } from '../../domain/node-settings.ts';
import type { ApiTarget, ApiTrust } from '../proxmox/api-target.ts';
import type { SshTarget } from '../ssh/ssh-target.ts';
import { apiLogin } from './api-login.ts';
import { expandHome } from './expand-home.ts';
import { closedFault } from './read-secret.ts';

/** An entry of nodes.yaml with its name, and the variables of the process. */
export interface NamedNode {
  readonly name: string;
  readonly settings: NodeSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const KNOWN_HOSTS = ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'];

/** How the API of a node is called; null when nodes.yaml gives none. Throws an AppError for files that cannot be used. */
export function apiTarget({ name, settings, environment }: NamedNode): ApiTarget | null {
  const { api } = settings;
  if (api === undefined) return null;
  return {
    host: settings.host ?? name,
    trust: trustOf(name, settings, environment),
    login: apiLogin(name, api, environment),
    ...(api.port !== undefined && { port: api.port }),
    ...(api.timeout_seconds !== undefined && { deadlineMs: api.timeout_seconds * 1000 }),
  };
}

function trustOf(name: string, { api }: NodeSettings, environment: NamedNode['environment']): ApiTrust {
  const { fingerprint, ca } = api ?? {};
  if (fingerprint !== undefined && ca !== undefined)
    throw new AppError(
      'trust-twice',
      EXIT.usage,
      `nodes.yaml gives both fingerprint and ca for the API of ${name}: leave one of them out.`,
    );
  if (fingerprint !== undefined) return { kind: 'fingerprint', sha256: fingerprint };
  if (ca === undefined) return { kind: 'public' };
  const path = expandHome(ca, environment);
  try {
    return { kind: 'authority', pem: readFileSync(path, 'utf8') };
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new AppError(
      'ca-unreadable',
      EXIT.usage,
      `The ca ${path} of ${name} cannot be read (${code}): copy /etc/pve/pve-root-ca.pem of that cluster there.`,
      cause,
    );
  }
}

/** How a node is entered over SSH; null when nodes.yaml gives none. */
export function sshTarget({ name, settings, environment }: NamedNode): SshTarget | null {
  const { ssh } = settings;
  if (ssh === undefined) return null;
  const agent = environment['SSH_AUTH_SOCK'] ?? '';
  return {
    host: ssh.host ?? settings.host ?? name,
    user: ssh.user ?? 'root',
    knownHosts: (ssh.known_hosts ?? KNOWN_HOSTS).map(path => expandHome(path, environment)),
    ...(ssh.port !== undefined && { port: ssh.port }),
    ...(ssh.key !== undefined && { keyFile: checkedKey(expandHome(ssh.key, environment)) }),
    ...(agent !== '' && { agent }),
    ...(ssh.host_key_alias !== undefined && { hostKeyAlias: ssh.host_key_alias }),
    ...(ssh.timeout_seconds !== undefined && { connectTimeoutMs: ssh.timeout_seconds * 1000 }),
  };
}

/** A key that others may read is none any more; one that is missing is told when it is used. */
function checkedKey(path: string): string {
  const about = statSync(path, { throwIfNoEntry: false });
  const why = about === undefined ? null : closedFault(about, process.getuid?.());
  if (why === null) return path;
  throw new AppError(
    'secret-unusable',
    EXIT.usage,
    `The private key ${path} ${why}: run "chmod 600" and "chown" on it.`,
  );
}
