import type { SshRunEnd } from '../../adapters/ssh/open-ssh-node.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { visibleName } from '../../formats/map/visible-name.ts';

/** What a run on a node may change; `leftovers` is what an earlier run did not come to end. */
export type AfarChanges = 'nothing' | 'leftovers' | 'guests';

/** Where an answer was to come from. */
export interface AfarPlace {
  /** The node's name in nodes.yaml. */
  readonly name: string;
  readonly verb: string;
}

/** A failure of the way to a node or of what it answers: exit 4. */
export function afarFailure(sentence: string, code = 'node-unreachable', cause?: unknown): AppError {
  return new AppError(code, EXIT.unreachable, sentence, cause);
}

/** An answer that never came, and what has become of the node's guests. */
export function lostAnswer(
  place: AfarPlace,
  changes: AfarChanges,
  { why = '', signal }: SshRunEnd,
): AppError {
  const { name } = place;
  const head = `${name} did not come to its answer (${visibleName(why.replace(/[.\s]+$/, ''))})`;
  if (changes === 'nothing') return afarFailure(`${head}, and no guest was changed: try it again.`);
  if (changes === 'leftovers')
    return afarFailure(
      `${head}, and no guest was changed but for what an earlier run had left half done: try it again.`,
    );
  return afarFailure(
    `${head}; ${signal === undefined ? goesOn(place) : `what it left half done there ${isFinishedNext(place)}`}`,
  );
}

/** What goes on at the node when nobody here waits for it any more, as a sentence without its first capital. */
export function goesOn(place: AfarPlace): string {
  return `pinfold ${place.verb} goes on by itself on ${place.name}, and what it does not come to end there ${isFinishedNext(place)}`;
}

function isFinishedNext({ name, verb }: AfarPlace): string {
  return `is finished by the next "pinfold ${verb} --node ${name}": look with "pinfold status --node ${name}" before.`;
}

/** The beginning of a text from a node, quoted. */
export function shownText(text: string): string {
  return text.trim() === '' ? 'nothing' : `"${visibleName(text.trim().slice(0, 60))}"`;
}
