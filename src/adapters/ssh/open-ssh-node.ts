import type { NodePort, RunOptions, RunResult } from '../../app/ports.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { visibleName } from '../../formats/map/visible-name.ts';
import { textTreeOf, type TextTree } from '../../formats/text-tree.ts';
import { parseFiles, readFilesCommand, writeFileArgv, type FilesToRead } from './remote-files.ts';
import { shellQuote } from './shell-quote.ts';
import { openSshSession, type SshEnd, type SshSession } from './ssh-session.ts';
import type { SshTarget } from './ssh-target.ts';

/** How a command ended, with its output as it came, byte for byte. */
export type SshRunEnd = SshEnd;

export interface SshRunOptions extends Omit<RunOptions, 'stdin'> {
  readonly stdin?: string | Buffer;
  readonly onOutput?: (piece: Buffer) => void;
  readonly onStderr?: (piece: Buffer) => void;
  /** Bytes of output that are kept; a command that says more is given up. */
  readonly mostBytes?: number;
}

/**
 * A node over SSH. It is a `NodePort` but for what cannot be done at once over a network: `files` is a snapshot, taken
 * in one round trip when the node was opened, and writing and removing must be waited for.
 */
export interface SshNode extends Pick<NodePort, 'name' | 'run'> {
  /** The files as they were when the node was opened. */
  readonly files: TextTree;
  /** The files of these shell patterns as they are now, in one round trip. Throws an AppError when it fails. */
  readFiles(wanted: readonly string[] | FilesToRead): Promise<TextTree>;
  run(argv: readonly string[], options?: SshRunOptions): Promise<RunResult>;
  /** As `run`, with bytes. */
  runForBytes(argv: readonly string[], options?: SshRunOptions): Promise<SshRunEnd>;
  /** Whole file or nothing, also when the link breaks. Makes missing folders. Throws an AppError when it fails. */
  writeAtomically(path: string, content: string | Buffer, mode?: number): Promise<void>;
  /** Missing is fine. Throws an AppError when it fails. */
  remove(path: string): Promise<void>;
  close(): void;
}

/** What a command may take when its caller says nothing. */
const COMMAND_TIMEOUT_MS = 60_000;

/** The node ends a late command by itself; when even that news does not come, the link is given up. */
const GRACE_MS = 5_000;

/**
 * Logs in and reads the files of these shell patterns (`TOPOLOGY_FILES` for a topology; none = no round trip). Throws
 * an AppError with exit 4 when the node cannot be reached or is not the one that known_hosts knows.
 */
export async function openSshNode(
  target: SshTarget,
  wanted: readonly string[] | FilesToRead,
): Promise<SshNode> {
  const session = await openSshSession(target);
  try {
    const files =
      'length' in wanted && wanted.length === 0
        ? textTreeOf(new Map())
        : await readFiles(session, target.host, wanted);
    return sshNode(session, target.host, files);
  } catch (error) {
    session.close();
    throw error;
  }
}

function sshNode(session: SshSession, name: string, files: TextTree): SshNode {
  const runForBytes = (argv: readonly string[], options: SshRunOptions = {}) => {
    const { env = {}, timeoutMs = COMMAND_TIMEOUT_MS, ...rest } = options;
    return session.run({
      line: `exec ${shellQuote([...environment(env), ...deadline(timeoutMs), ...argv])}`,
      timeoutMs: timeoutMs + GRACE_MS,
      ...rest,
    });
  };
  const must = async (what: string, argv: readonly string[], stdin?: Buffer) => {
    const end = await runForBytes(argv, stdin === undefined ? {} : { stdin });
    if (end.code !== 0) throw failure(name, what, end);
  };
  return {
    name,
    files,
    readFiles: wanted => readFiles(session, name, wanted),
    runForBytes,
    run: async (argv, options) => {
      const { code, stdout, stderr } = await runForBytes(argv, options);
      return { code, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
    },
    writeAtomically: (path, content, mode = 0o640) => {
      const bytes = Buffer.from(content);
      return must(`write ${path}`, writeFileArgv(path, mode, bytes.length), bytes);
    },
    remove: path => must(`remove ${path}`, ['rm', '-f', '--', path]),
    close: () => {
      session.close();
    },
  };
}

async function readFiles(
  session: SshSession,
  name: string,
  wanted: readonly string[] | FilesToRead,
): Promise<TextTree> {
  const line = readFilesCommand('patterns' in wanted ? wanted : { patterns: wanted });
  const end = await session.run({ line, timeoutMs: COMMAND_TIMEOUT_MS });
  if (end.code !== 0) throw failure(name, 'read its files', end);
  try {
    return parseFiles(end.stdout);
  } catch {
    throw failure(name, 'read its files', {
      ...end,
      code: null,
      stderr: Buffer.from('their list broke off'),
    });
  }
}

/** timeout(1) kills the command and all that stayed in its process group; a closed link alone would leave them. */
function deadline(timeoutMs: number): string[] {
  return ['timeout', '--signal=KILL', String(timeoutMs / 1000)];
}

function environment(env: Readonly<Record<string, string>>): string[] {
  const pairs = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? [] : ['env', ...pairs];
}

function failure(name: string, what: string, end: SshEnd): AppError {
  const said = visibleName(end.stderr.toString('utf8').trim().split('\n').at(-1) ?? '');
  const why = said === '' ? `exit code ${end.code ?? 'unknown'}` : said.replace(/[.\s]+$/, '');
  return end.code === null
    ? new AppError(
        'node-unreachable',
        EXIT.unreachable,
        `${name} did not come to ${what}: ${why}. Try it again.`,
      )
    : new AppError(
        'node-refused',
        EXIT.unreachable,
        `${name} could not ${what}: ${why}. Mend that there first.`,
      );
}
