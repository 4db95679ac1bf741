import { AppError, EXIT } from '../../domain/app-error.ts';
import { clip } from '../../domain/cpu-list.ts';
import { checkRoot } from '../check-root.ts';
import type { GivenWords, Verb } from '../verb.ts';
import { OWN_PINFOLD_OPTION } from './node-option.ts';

/** `pinfold rebalance`. */
export const rebalanceVerb: Verb = {
  summary: 'propose fewer fragments or room for a guest, show the price, and do it live after a yes',
  options: {
    for: { takes: 'text', describe: 'the request of a guest to make room for; "-" reads standard input' },
    'dry-run': { takes: 'flag', describe: 'show what would be changed and what it costs; change nothing' },
    'max-move': { takes: 'text', describe: 'GiB of memory that may be copied in all' },
    only: { takes: 'text', describe: 'the one guest that may be changed' },
    yes: { takes: 'flag', describe: 'do it without asking' },
    offer: {
      takes: 'flag',
      describe: 'instead of asking print the plan with its digest, as JSON, for a later --agreed',
    },
    agreed: {
      takes: 'text',
      describe: 'the digest of an offer: do it without asking, if the plan is still that one',
    },
    node: OWN_PINFOLD_OPTION,
    root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
    json: { takes: 'flag', describe: 'print a JSON document and nothing else' },
  },
  examples: [
    ['rebalance --dry-run', 'what would be better, and its price'],
    ['rebalance --for request.json --max-move 64', 'room for this guest, copying 64 GiB at most'],
    ['rebalance --node pve1', 'on a node of nodes.yaml, by the Pinfold that is installed there'],
  ],
  run: async given => {
    const [root, room, agreed] = [checkRoot(given.text('root')), given.text('for'), given.text('agreed')];
    checkTogether(given);
    const maxMove = given.text('max-move');
    const options = {
      for: room,
      only: given.text('only'),
      mostMiB: limitOf(maxMove),
      dryRun: given.flag('dry-run'),
      offer: given.flag('offer'),
      agreed,
      yes: given.flag('yes'),
      json: given.flag('json'),
      root,
    };
    const node = given.text('node');
    if (node === undefined) {
      const { rebalanceCommand } = await import('../commands/rebalance.ts');
      return rebalanceCommand(options);
    }
    const { rebalanceOnNode } = await import('../remote/rebalance-on-node.ts');
    return rebalanceOnNode({ ...options, node, maxMove });
  },
};

/** Options that say the same thing twice or two things at once; what needs a question that nobody can answer. */
function checkTogether(given: GivenWords): void {
  const answers = ['yes', 'dry-run', 'offer'].filter(name => given.flag(name));
  if (given.text('agreed') !== undefined) answers.push('agreed');
  const isPreview = answers.join() === 'dry-run,offer';
  if (answers.length > 1 && !isPreview && answers.join() !== 'yes,dry-run')
    throw excluded(
      `Both --${answers[0]!} and --${answers[1]!} are given, but each says on its own what is to become of the plan: leave one of them out.`,
    );
  if (answers.length > 0) return;
  if (given.text('for') === '-')
    throw excluded(
      'The request comes from standard input, where no yes can be read then: add --yes or --dry-run, or give it as a file.',
    );
  if (given.flag('json'))
    throw excluded(
      'With --json nothing is shown before it is done: add --dry-run to look, or --yes to do it.',
    );
}

function excluded(sentence: string): AppError {
  return new AppError('options-exclude', EXIT.usage, sentence);
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const gib = Number(text);
  if (/^\d{1,9}(\.\d{1,3})?$/.test(text) && Number.isFinite(gib)) return Math.floor(gib * 1024);
  throw new AppError(
    'max-move-invalid',
    EXIT.usage,
    `--max-move is "${clip(text)}", but it must be a number of GiB, such as 64 or 0.5.`,
  );
}
