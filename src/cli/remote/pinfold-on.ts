import { sshTarget } from '../../adapters/node-access/node-targets.ts';
import { openSshNode, type SshNode } from '../../adapters/ssh/open-ssh-node.ts';
import { readJson } from '../../documents/read-json.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { CpuSyntaxError } from '../../domain/cpu-list.ts';
import { namedNode } from '../open-node.ts';
import { say } from '../output.ts';
import { version } from '../version.ts';
import { afarFailure, lostAnswer, shownText, type AfarPlace } from './afar-failure.ts';
import { MOST_BYTES, runAfar, type AfarAnswer, type AfarRun } from './run-afar.ts';

/** The node that a verb is to run on. */
export interface AfarChoice {
  readonly root: string | undefined;
  /** The name in nodes.yaml. */
  readonly node: string;
  readonly verb: string;
}

/** The Pinfold that is installed on a node. */
export interface AfarPinfold {
  /** The name in nodes.yaml. */
  readonly name: string;
  run(run: AfarRun): Promise<AfarAnswer>;
  /** Reads an answer by `read`. Throws an AppError with exit 4 where it is something else than `what`. */
  understand<T>(answer: AfarAnswer, what: string, read: (value: unknown) => T): T;
}

/**
 * Logs in and lets the Pinfold of the node do the work: it alone holds that node's lock, and knows its ledger, its boot and its
 * processes. Throws an AppError: exit 2 when nothing says how it is entered, 4 when it cannot be reached or has no Pinfold.
 */
export async function withPinfoldOn<T>(
  choice: AfarChoice,
  work: (pinfold: AfarPinfold) => Promise<T>,
): Promise<T> {
  const named = await namedNode(choice);
  const { name } = named;
  const { verb } = choice;
  const target = sshTarget(named);
  if (target === null)
    throw new AppError(
      'ssh-missing',
      EXIT.usage,
      `${verb} pins threads, which no API of Proxmox VE can: add "ssh" to the entry of ${name} in ${named.path}, or call "pinfold ${verb}" on ${name} itself.`,
    );
  const place = { name, verb };
  const ssh = await openSshNode(target, []);
  try {
    await checkVersion(ssh, place);
    return await work({
      name,
      run: run => runAfar(ssh, place, run),
      understand: (answer, what, read) => understood(place, answer, { what, read }),
    });
  } finally {
    ssh.close();
  }
}

/** Says when the node has another version. Throws an AppError when it has no Pinfold. */
async function checkVersion(ssh: SshNode, place: AfarPlace): Promise<void> {
  const { name } = place;
  const end = await ssh.runForBytes(['pinfold', '--version'], { mostBytes: MOST_BYTES });
  const said = end.stdout.toString('utf8').trim();
  if (end.code === null) throw lostAnswer(place, 'nothing', end);
  // timeout(1) and the shell: found but not to be run, and not found.
  if (end.code === 126 || end.code === 127)
    throw afarFailure(
      `${name} has no Pinfold of its own, which does the work there: install the Debian package on it ("apt install ./pinfold_${version()}_all.deb", see INSTALL.md).`,
      'pinfold-missing',
    );
  if (end.code !== 0 || !/^(\d+\.\d+\.\d+[\w.+~-]{0,40}|development)$/.test(said))
    throw afarFailure(
      `${name} answered ${shownText(said)} to "pinfold --version" (exit code ${end.code}), which is no version: see there that the program called pinfold is Pinfold, and that no profile of the shell writes to standard output.`,
      'node-answer-unclear',
    );
  if (said !== version())
    say(
      `Warning: ${name} has Pinfold ${said} and this machine ${version()}, and what is done there is done by the one there: install the same version on both should an option be refused.`,
    );
}

function understood<T>(
  { name }: AfarPlace,
  { stdout, changes }: AfarAnswer,
  { what, read }: { readonly what: string; readonly read: (value: unknown) => T },
): T {
  try {
    return read(readJson(stdout, 'the answer'));
  } catch (error) {
    if (!(error instanceof AppError || error instanceof CpuSyntaxError)) throw error;
    const look = changes === 'guests' ? `, and with "pinfold status --node ${name}" what was done` : '';
    throw afarFailure(
      `${name} answered ${shownText(stdout)}, which is not ${what} that this Pinfold (${version()}) understands: see that the versions are the same and that no profile of the shell there writes to standard output${look}.`,
      'node-answer-unclear',
      error,
    );
  }
}
