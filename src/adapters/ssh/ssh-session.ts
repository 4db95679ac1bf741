import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { NodeSSH } from 'node-ssh';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { visibleName } from '../../formats/map/visible-name.ts';
import { hostKeyGuard } from './host-key-guard.ts';
import type { SshTarget } from './ssh-target.ts';

/** How a command ended; null = it was killed, or the link was lost, and the end of `stderr` says which, as `why` does. */
export interface SshEnd {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** One sentence; absent where there is an exit code. */
  readonly why?: string;
  /** The signal that ended it, where that is known. */
  readonly signal?: string;
}

export interface SshCommand {
  /** A command line for the login shell of the user. */
  readonly line: string;
  readonly stdin?: string | Buffer;
  readonly timeoutMs: number;
  /** Called with each piece of output of either kind as it comes. */
  readonly onOutput?: (piece: Buffer) => void;
  /** The same for standard error alone. */
  readonly onStderr?: (piece: Buffer) => void;
  /** Bytes of output of both kinds that are kept: a command that says more is given up. Absent = as many as come. */
  readonly mostBytes?: number;
}

/** One login that runs commands until it is closed. */
export interface SshSession {
  /** Never throws for what becomes of the command or the link. */
  run(command: SshCommand): Promise<SshEnd>;
  close(): void;
}

/** What we use of ssh2's client and channel, which have no types of their own. */
interface Link {
  on(event: 'error', act: () => void): void;
  destroy(): void;
}
interface LinkChannel {
  on(event: 'error', act: () => void): void;
  close(): void;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** A link that is silent for six times ten seconds is dead; a node that starts eight guests may be slow to answer. */
const KEEPALIVE = { keepaliveInterval: 10_000, keepaliveCountMax: 6 };

/**
 * Logs in. A host key that is not known exactly, a login that is refused and a node that does not answer in time are
 * AppErrors with exit 4. The host key is judged before anything secret is sent.
 */
export async function openSshSession(target: SshTarget): Promise<SshSession> {
  const guard = hostKeyGuard(target);
  const ssh = new NodeSSH();
  const timeoutMs = target.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const pending = ssh.connect({
    host: target.host,
    port: target.port ?? 22,
    username: target.user,
    ...(target.keyFile === undefined ? {} : { privateKey: readKey(target.keyFile) }),
    ...(target.agent === undefined ? {} : { agent: target.agent }),
    hostVerifier: guard.verify,
    ...(guard.algorithms.length === 0 ? {} : { algorithms: { serverHostKey: [...guard.algorithms] } }),
    readyTimeout: timeoutMs,
    ...KEEPALIVE,
  });
  // node-ssh takes its own listener away once it is connected; an error without any listener would end the process.
  const link = ssh.connection as unknown as Link;
  link.on('error', () => undefined);
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no login within ${timeoutMs / 1000} s`));
    }, timeoutMs);
  });
  try {
    await Promise.race([pending, deadline]);
  } catch (cause) {
    pending.catch(() => undefined);
    link.destroy();
    throw guard.reason(cause) ?? connectFailure(target, cause);
  } finally {
    clearTimeout(timer);
  }
  return {
    run: command => runCommand(ssh, target.host, command),
    close: () => {
      ssh.dispose();
      link.destroy();
    },
  };
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AppError(
      'ssh-key-unreadable',
      EXIT.unreachable,
      `The private key ${file} cannot be read (${textOf(cause)}): name a file that this user may read.`,
      cause,
    );
  }
}

function connectFailure(target: SshTarget, cause: unknown): AppError {
  const { host, user } = target;
  const level = cause instanceof Error && 'level' in cause ? cause.level : '';
  return level === 'client-authentication'
    ? new AppError(
        'ssh-login-refused',
        EXIT.unreachable,
        `${host} does not let ${user} in with ${target.keyFile ?? 'the keys of the agent'}: add the public key to that user's authorized_keys there.`,
        cause,
      )
    : new AppError(
        'node-unreachable',
        EXIT.unreachable,
        `${host}, port ${target.port ?? 22}, cannot be reached over SSH (${textOf(cause)}): check that it runs and that sshd listens there.`,
        cause,
      );
}

async function runCommand(ssh: NodeSSH, host: string, command: SshCommand): Promise<SshEnd> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const { mostBytes = Infinity } = command;
  let heard = 0;
  const ended = (code: number | null, why?: string): SshEnd => ({
    code,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(why === undefined ? stderr : [...stderr, Buffer.from(`${why}\n`)]),
    ...(why === undefined ? {} : { why }),
  });
  let hangUp: () => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  let giveUp: (why: string) => void = () => undefined;
  const late = new Promise<SshEnd>(resolve => {
    giveUp = why => {
      hangUp();
      resolve(ended(null, why));
    };
    timer = setTimeout(() => {
      giveUp(`${host} gave no answer within ${command.timeoutMs / 1000} s.`);
    }, command.timeoutMs);
  });
  const hear = (to: Buffer[], tell?: (piece: Buffer) => void) => (piece: Buffer) => {
    if (heard > mostBytes) return;
    heard += piece.length;
    if (heard > mostBytes) {
      giveUp(`${host} said more than ${mostBytes} bytes.`);
      return;
    }
    to.push(piece);
    tell?.(piece);
    command.onOutput?.(piece);
  };
  const run = async (): Promise<SshEnd> => {
    try {
      // Its own texts are not used: each piece is decoded alone there, which breaks characters on borders.
      const { code, signal } = await ssh.execCommand(command.line, {
        noTrim: true,
        ...(command.stdin === undefined ? {} : { stdin: Readable.from([Buffer.from(command.stdin)]) }),
        onChannel: (channel: LinkChannel) => {
          channel.on('error', () => undefined);
          hangUp = () => {
            channel.close();
          };
        },
        onStdout: hear(stdout),
        onStderr: hear(stderr, command.onStderr),
      });
      if (code !== null) return ended(code);
      if (signal === null) return ended(null, `The link to ${host} was lost.`);
      return { ...ended(null, `Ended by signal ${signal}.`), signal };
    } catch (error) {
      return ended(null, `The link to ${host} was lost (${textOf(error)}).`);
    }
  };
  try {
    return await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What went wrong, maybe in the words of a host that nobody knows yet. */
function textOf(error: unknown): string {
  return visibleName(error instanceof Error ? error.message : String(error));
}
