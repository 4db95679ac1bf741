import { AppError, EXIT } from '../../domain/app-error.ts';
import { clip } from '../../domain/cpu-list.ts';
import { checkRoot } from '../check-root.ts';
import type { Verb } from '../verb.ts';

/** `pinfold rebalance`. */
export const rebalanceVerb: Verb = {
  summary: 'propose fewer fragments or room for a guest, show the price, and do it live after a yes',
  options: {
    for: { takes: 'text', describe: 'the request of a guest to make room for; "-" reads standard input' },
    'dry-run': { takes: 'flag', describe: 'show what would be changed and what it costs; change nothing' },
    'max-move': { takes: 'text', describe: 'GiB of memory that may be copied in all' },
    only: { takes: 'text', describe: 'the one guest that may be changed' },
    yes: { takes: 'flag', describe: 'do it without asking' },
    root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
    json: { takes: 'flag', describe: 'print a JSON document and nothing else' },
  },
  examples: [
    ['rebalance --dry-run', 'what would be better, and its price'],
    ['rebalance --for request.json --max-move 64', 'room for this guest, copying 64 GiB at most'],
  ],
  run: async given => {
    const [root, room] = [checkRoot(given.text('root')), given.text('for')];
    if (room === '-' && !given.flag('yes') && !given.flag('dry-run'))
      throw new AppError(
        'options-exclude',
        EXIT.usage,
        'The request comes from standard input, where no yes can be read then: add --yes or --dry-run, or give it as a file.',
      );
    if (given.flag('json') && !given.flag('yes') && !given.flag('dry-run'))
      throw new AppError(
        'options-exclude',
        EXIT.usage,
        'With --json nothing is shown before it is done: add --dry-run to look, or --yes to do it.',
      );
    const mostMiB = limitOf(given.text('max-move'));
    const { rebalanceCommand } = await import('../commands/rebalance.ts');
    return rebalanceCommand({
      for: room,
      only: given.text('only'),
      mostMiB,
      dryRun: given.flag('dry-run'),
      yes: given.flag('yes'),
      json: given.flag('json'),
      root,
    });
  },
};

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
