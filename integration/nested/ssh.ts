import { openSshNode, type SshNode } from '../../src/adapters/ssh/open-ssh-node.ts';
import { HOST_KEY_ALIAS } from './image.ts';

/** How a nested host is reached. */
export interface MachineAccess {
  readonly port: number;
  readonly userKey: string;
  readonly knownHosts: string;
}

/** A handshake takes a second or two under TCG, more while the machine still boots. */
const CONNECT_TIMEOUT_MS = 8_000;

/**
 * Does this work with one login on the machine, through the product's own SSH adapter: the host key must be the one
 * that the image was born with.
 */
export async function onMachine<T>(access: MachineAccess, work: (node: SshNode) => Promise<T>): Promise<T> {
  const node = await openSshNode(
    {
      host: '127.0.0.1',
      port: access.port,
      user: 'root',
      keyFile: access.userKey,
      knownHosts: [access.knownHosts],
      hostKeyAlias: HOST_KEY_ALIAS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    },
    [],
  );
  try {
    return await work(node);
  } finally {
    node.close();
  }
}

/** Runs a shell script on the machine; an exit code other than 0 is an error with the tail of what it said. */
export async function scriptOn(
  access: MachineAccess,
  script: string,
  options: { readonly timeoutMs: number; readonly stdin?: Buffer },
): Promise<string> {
  const end = await onMachine(access, node => node.run(['sh', '-c', script], options));
  if (end.code === 0) return end.stdout;
  const said = `${end.stdout}\n${end.stderr}`.trim().split('\n').slice(-25).join('\n');
  throw new Error(`On the machine, "${script.slice(0, 200)}" ended with ${end.code ?? 'no code'}:\n${said}`);
}

/** The system's ssh for people: `npm run nested -- ssh`. */
export function interactiveSsh(access: MachineAccess): string[] {
  return [
    ...['ssh', '-F', 'none', '-p', String(access.port), '-i', access.userKey],
    ...['-o', `UserKnownHostsFile=${access.knownHosts}`, '-o', 'GlobalKnownHostsFile=/dev/null'],
    ...['-o', `HostKeyAlias=${HOST_KEY_ALIAS}`, '-o', 'StrictHostKeyChecking=yes', '-o', 'LogLevel=ERROR'],
    ...['-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes', '-o', 'ConnectTimeout=10', 'root@127.0.0.1'],
  ];
}
