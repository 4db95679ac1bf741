import { openSshNode, type SshNode, type SshRunEnd } from '../../adapters/ssh/open-ssh-node.ts';
import { sshTarget } from '../../adapters/node-access/node-targets.ts';
import { LIMITS } from '../../documents/limits.ts';
import { readJson } from '../../documents/read-json.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { CpuSyntaxError } from '../../domain/cpu-list.ts';
import { visibleName } from '../../formats/map/visible-name.ts';
import { namedNode } from '../open-node.ts';
import { say } from '../output.ts';
import { version } from '../version.ts';
import { withProgress } from '../with-progress.ts';
import { WordsFromAfar } from './words-from-afar.ts';

/** The node that a verb is to run on. */
export interface AfarChoice {
  readonly root: string | undefined;
  /** The name in nodes.yaml. */
  readonly node: string;
  readonly verb: string;
}

/** A run of a verb on the node. */
export interface AfarRun {
  /** Behind the verb. */
  readonly words: readonly string[];
  readonly stdin?: string;
  /** What may be changed; `leftovers` is what an earlier run did not come to end. */
  readonly changes: 'nothing' | 'leftovers' | 'guests';
}

/** What the verb answered: one of Pinfold's exit codes, and what stands on standard output. */
export interface AfarAnswer {
  readonly code: number;
  readonly stdout: string;
}

/** The Pinfold that is installed on a node. */
export interface AfarPinfold {
  /** The name in nodes.yaml. */
  readonly name: string;
  run(run: AfarRun): Promise<AfarAnswer>;
  /** Reads an answer by `read`. Throws an AppError with exit 4 where it is something else than `what`. */
  understand<T>(answer: AfarAnswer, what: string, read: (value: unknown) => T): T;
}

/** Whether a document came; where none did, why stands in what the node said on standard error. */
export function hasDocument({ code, stdout }: AfarAnswer): boolean {
  return code === EXIT.done || code === EXIT.partial || (code === EXIT.refused && stdout.trim() !== '');
}

/** A large node under load plans within seconds; Node.js itself takes some there. */
const LOOK_MS = 120_000;
/** Terabytes of memory at a gigabyte a second; what runs longer is ended on the node, and finished by the next call. */
const CHANGE_MS = 6 * 3600 * 1000;
/** UTF-8 has at most four bytes a character. */
const MOST_BYTES = 4 * LIMITS.textLength;
/** Seconds of a login, two starts of Node.js, and a look at all guests. */
const USUAL_SECONDS = 4;

/**
 * Logs in and lets the Pinfold of the node do the work: it alone holds that node's lock, and knows its ledger, its boot and its
 * processes. Throws an AppError: exit 2 when nothing says how it is entered, 4 when it cannot be reached or has no Pinfold.
 */
export async function withPinfoldOn<T>(
  choice: AfarChoice,
  work: (pinfold: AfarPinfold) => Promise<T>,
): Promise<T> {
  const named = await namedNode(choice);
  const target = sshTarget(named);
  if (target === null)
    throw new AppError(
      'ssh-missing',
      EXIT.usage,
      `${choice.verb} pins threads, which no API of Proxmox VE can: add "ssh" to the entry of ${named.name} in ${named.path}, or call "pinfold ${choice.verb}" on ${named.name} itself.`,
    );
  const ssh = await openSshNode(target, []);
  try {
    await checkVersion(ssh, named.name);
    return await work({
      name: named.name,
      run: run => runVerb(ssh, { ...run, name: named.name, verb: choice.verb }),
      understand: (answer, what, read) => understood(named.name, answer, { what, read }),
    });
  } finally {
    ssh.close();
  }
}

/** Says when the node has another version. Throws an AppError when it has no Pinfold. */
async function checkVersion(ssh: SshNode, name: string): Promise<void> {
  const end = await ssh.runForBytes(['pinfold', '--version'], { mostBytes: MOST_BYTES });
  const said = end.stdout.toString('utf8').trim();
  if (end.code === null) throw unreachable(`${lost(name, end)} Nothing was changed: try it again.`);
  if (end.code === 126 || end.code === 127)
    throw unreachable(
      `${name} has no Pinfold of its own, which does the work there: install the Debian package on it ("apt install ./pinfold_${version()}_all.deb", see INSTALL.md).`,
      'pinfold-missing',
    );
  if (end.code !== 0 || !/^(\d+\.\d+\.\d+[\w.+~-]{0,40}|development)$/.test(said))
    throw unreachable(
      `${name} answered ${shown(said)} to "pinfold --version" (exit code ${end.code}), which is no version: see there that the program called pinfold is Pinfold, and that no profile of the shell writes to standard output.`,
      'node-answer-unclear',
    );
  if (said !== version())
    say(
      `Warning: ${name} has Pinfold ${said} and this machine ${version()}; what is done there is done by the one there: install the same version on both should an option be refused.`,
    );
}

async function runVerb(
  ssh: SshNode,
  { words, stdin, changes, name, verb }: AfarRun & { readonly name: string; readonly verb: string },
): Promise<AfarAnswer> {
  const heard: string[] = [];
  const tell = (line: string) => {
    say(`${name}: ${line}`);
  };
  const isShown = changes === 'guests';
  // A bar is drawn while it is looked, and lines would stand in the middle of it.
  const from = new WordsFromAfar(isShown ? tell : line => heard.push(line));
  const run = () =>
    ssh.runForBytes(['pinfold', verb, ...words], {
      timeoutMs: changes === 'nothing' ? LOOK_MS : CHANGE_MS,
      mostBytes: MOST_BYTES,
      onStderr: from.hear,
      ...(stdin === undefined ? {} : { stdin }),
    });
  const end = await (isShown
    ? whileInterruptible({ name, verb }, run)
    : withProgress(`${verb} looks at ${name}`, USUAL_SECONDS, run));
  from.end();
  heard.forEach(tell);
  if (end.code === null) throw unreachable(`${lost(name, end)} ${AFTERWARDS[changes](verb, name)}`);
  if (end.code > EXIT.partial)
    throw unreachable(
      `pinfold ${verb} ended on ${name} with exit code ${end.code}, which is none of Pinfold's: look there what became of it.`,
      'node-answer-unclear',
    );
  const answer = { code: end.code, stdout: end.stdout.toString('utf8') };
  if (!hasDocument(answer) && end.stderr.length === 0)
    throw unreachable(
      `pinfold ${verb} ended on ${name} with exit code ${end.code} and did not say why: call it there.`,
      'node-answer-unclear',
    );
  return answer;
}

/** Says at Ctrl+C what goes on all the same, then ends as any program does. */
async function whileInterruptible<T>(
  { name, verb }: { readonly name: string; readonly verb: string },
  work: () => Promise<T>,
): Promise<T> {
  const stop = () => {
    say(goesOn(verb, name));
    process.removeListener('SIGINT', stop);
    process.kill(process.pid, 'SIGINT');
  };
  process.on('SIGINT', stop);
  try {
    return await work();
  } finally {
    process.removeListener('SIGINT', stop);
  }
}

/** What has become of the node when its answer did not come. */
const AFTERWARDS: Readonly<Record<AfarRun['changes'], (verb: string, name: string) => string>> = {
  nothing: () => 'No guest was changed: try it again.',
  leftovers: () => 'No guest was changed, but for what an earlier run had left half done: try it again.',
  guests: goesOn,
};

function goesOn(verb: string, name: string): string {
  return `pinfold ${verb} goes on by itself on ${name}, and what it should not come to end there is finished by the next "pinfold ${verb} --node ${name}": look at it with "pinfold status --node ${name}" before.`;
}

function lost(name: string, { why = '' }: SshRunEnd): string {
  return `${name} did not come to its answer (${visibleName(why.replace(/[.\s]+$/, ''))}).`;
}

function understood<T>(
  name: string,
  { stdout }: AfarAnswer,
  { what, read }: { readonly what: string; readonly read: (value: unknown) => T },
): T {
  try {
    return read(readJson(stdout, 'the answer'));
  } catch (error) {
    if (!(error instanceof AppError || error instanceof CpuSyntaxError)) throw error;
    throw unreachable(
      `${name} answered ${shown(stdout)}, which is not ${what} that this Pinfold (${version()}) understands: compare the versions, and see that no profile of the shell there writes to standard output.`,
      'node-answer-unclear',
      error,
    );
  }
}

/** The beginning of a text from a node, quoted. */
function shown(text: string): string {
  return text.trim() === '' ? 'nothing' : `"${visibleName(text.trim().slice(0, 60))}"`;
}

function unreachable(sentence: string, code = 'node-unreachable', cause?: unknown): AppError {
  return new AppError(code, EXIT.unreachable, sentence, cause);
}
