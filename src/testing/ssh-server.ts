import { spawn } from 'node:child_process';
import type { AddressInfo, Server as TcpServer } from 'node:net';
import type { Duplex, Writable } from 'node:stream';

/** The part of ssh2 (which has no types of its own) that a server on loopback is made of. */
export interface SshChannel extends Duplex {
  readonly stderr: Writable;
  exit(code: number | string): void;
  close(): void;
}
export interface SshLink {
  on(
    event: 'authentication',
    act: (context: { method: string; accept(): void; reject(): void }) => void,
  ): this;
  on(event: 'session', act: (accept: () => Session) => void): this;
  on(event: 'ready' | 'error', act: () => void): this;
  end(): void;
}
interface Session {
  on(
    event: 'exec',
    act: (accept: () => SshChannel, reject: () => void, info: { command: string }) => void,
  ): this;
}
export interface KeyPair {
  readonly private: string;
  readonly public: string;
}
interface Ssh2 {
  readonly Server: new (options: { hostKeys: string[] }, act: (link: SshLink) => void) => TcpServer;
  readonly utils: {
    generateKeyPairSync(type: string, options?: { bits: number }): KeyPair;
    parseKey(text: string): object;
  };
}
const { Server, utils } = jest.requireActual<Ssh2>('ssh2');

export type SshAnswer = (channel: SshChannel, command: string, link: SshLink) => void;

/**
 * Answers each command by a real shell, as sshd does. When the link ends, nobody reads what the command says any more, but nobody
 * ends it either (sshd without a terminal closes its ends of the pipes and sends no signal).
 */
export const byShell: SshAnswer = (channel, command) => {
  const child = spawn('sh', ['-c', command]);
  channel.on('close', () => {
    child.stdout.destroy();
    child.stderr.destroy();
  });
  channel.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on('close', (code, signal) => {
    channel.exit(code ?? signal!.replace(/^SIG/, ''));
    channel.close();
  });
};

/** As {@link byShell}, with this folder in place of `/` wherever a command names the folders of a node. */
export function byShellIn(root: string): SshAnswer {
  return (channel, command, link) => {
    const inside = command
      .replace(/^cd \/ /, `cd ${root} `)
      .replace(/(^|[\s'"=])\/(?=(?:etc\/pve|var\/lock|run)\/)/g, `$1${root}/`);
    byShell(channel, inside, link);
  };
}

/** A key pair in OpenSSH's form. One of 256 ed25519 pairs that ssh2 1.17 makes is one that it cannot read: another one is made. */
export function newKeyPair(type = 'ed25519', bits?: number): KeyPair {
  for (;;) {
    const pair = utils.generateKeyPairSync(type, ...(bits === undefined ? [] : [{ bits }]));
    if (!(utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}

/** A server on loopback and the commands that came. */
export interface SshServer {
  readonly port: number;
  readonly commands: readonly string[];
  close(): Promise<void>;
}

/** Starts a server that shows this host key. */
export async function startSshServer(
  hostKey: KeyPair,
  answer: SshAnswer,
  { letsIn = true } = {},
): Promise<SshServer> {
  const commands: string[] = [];
  const links: SshLink[] = [];
  const server = new Server({ hostKeys: [hostKey.private] }, link => {
    links.push(link);
    link.on('error', () => undefined);
    link.on('authentication', context => {
      if (letsIn && context.method === 'publickey') context.accept();
      else context.reject();
    });
    link.on('session', accept =>
      accept().on('exec', (acceptExec, _, { command }) => {
        commands.push(command);
        answer(acceptExec(), command, link);
      }),
    );
  });
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    close: () => {
      for (const link of links) link.end();
      return new Promise(resolve => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
