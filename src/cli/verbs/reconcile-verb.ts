import { checkRoot } from '../check-root.ts';
import type { Verb } from '../verb.ts';

/** `pinfold reconcile`. */
export const reconcileVerb: Verb = {
  summary: 'mend what is not as it was decided: pins, cpusets, memory, the ledger',
  options: {
    'dry-run': { takes: 'flag', describe: 'say what differs and what would be done; change nothing' },
    root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
    json: { takes: 'flag', describe: 'print a JSON document and nothing else' },
  },
  examples: [
    ['reconcile --dry-run', 'what differs, and why'],
    ['reconcile', 'mend it; says nothing when all is well'],
  ],
  run: async given => {
    const root = checkRoot(given.text('root'));
    const { reconcileCommand } = await import('../commands/reconcile.ts');
    return reconcileCommand({ root, dryRun: given.flag('dry-run'), json: given.flag('json') });
  },
};
