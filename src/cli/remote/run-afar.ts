import type { SshNode } from '../../adapters/ssh/open-ssh-node.ts';
import { LIMITS } from '../../documents/limits.ts';
import { EXIT } from '../../domain/app-error.ts';
import { say } from '../output.ts';
import { withProgress } from '../with-progress.ts';
import { afarFailure, goesOn, lostAnswer, type AfarChanges, type AfarPlace } from './afar-failure.ts';
import { WordsFromAfar } from './words-from-afar.ts';

/** A run of a verb on a node. */
export interface AfarRun {
  /** Behind the verb. */
  readonly words: readonly string[];
  readonly stdin?: string;
  /** When guests are changed, what is said is told as it comes, and it may take hours. */
  readonly changes: AfarChanges;
}

/** What the verb answered: one of Pinfold's exit codes, and what stands on standard output. */
export interface AfarAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly changes: AfarChanges;
}

/** Whether a document came; where none did, why stands in what the node said on standard error. */
export function hasDocument({ code, stdout }: Pick<AfarAnswer, 'code' | 'stdout'>): boolean {
  return code === EXIT.done || code === EXIT.partial || (code === EXIT.refused && stdout.trim() !== '');
}

/** Bytes that a node is let say: UTF-8 has at most four bytes a character. */
export const MOST_BYTES = 4 * LIMITS.textLength;
/** A large node under load plans within seconds; Node.js itself takes some there. */
const LOOK_MS = 120_000;
/** Terabytes of memory at a gigabyte a second; what runs longer is ended on the node, and finished by the next call. */
const CHANGE_MS = 6 * 3600 * 1000;
/** Seconds of a login, two starts of Node.js, and a look at all guests. */
const USUAL_SECONDS = 4;

/**
 * Runs a verb of the node's Pinfold to its end, and tells what it says on standard error. Throws an AppError with exit 4 when the
 * answer does not come, or is none of Pinfold's.
 */
export async function runAfar(ssh: SshNode, place: AfarPlace, run: AfarRun): Promise<AfarAnswer> {
  const { words, stdin, changes } = run;
  const { name, verb } = place;
  const tell = (line: string) => {
    say(`${name}: ${line}`);
  };
  const heard: string[] = [];
  const isTold = changes === 'guests';
  // A bar is drawn while it is looked, and lines would stand in the middle of it.
  const from = new WordsFromAfar(isTold ? tell : line => heard.push(line));
  const work = () =>
    ssh.runForBytes(['pinfold', verb, ...words], {
      timeoutMs: changes === 'nothing' ? LOOK_MS : CHANGE_MS,
      mostBytes: MOST_BYTES,
      onStderr: from.hear,
      ...(stdin === undefined ? {} : { stdin }),
    });
  const end = await (isTold
    ? whileInterruptible(place, work)
    : withProgress(`${verb} looks at ${name}`, USUAL_SECONDS, work));
  from.end();
  heard.forEach(tell);
  if (end.code === null) throw lostAnswer(place, changes, end);
  const answer = { code: end.code, stdout: end.stdout.toString('utf8'), changes };
  const known = end.code <= EXIT.partial;
  if (known && (hasDocument(answer) || end.stderr.length > 0)) return answer;
  throw afarFailure(
    `pinfold ${verb} ended on ${name} with exit code ${end.code}${known ? ' and did not say why' : ", which is none of Pinfold's"}: look there what became of it.`,
    'node-answer-unclear',
  );
}

/** Says at Ctrl+C what goes on all the same, then ends as any program does. */
async function whileInterruptible<T>(place: AfarPlace, work: () => Promise<T>): Promise<T> {
  const stop = () => {
    say(goesOn(place));
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
