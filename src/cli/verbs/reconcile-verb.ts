import { checkRoot } from '../check-root.ts';
import type { Verb } from '../verb.ts';
import { OWN_PINFOLD_OPTION } from './node-option.ts';

/** `pinfold reconcile`. */
export const reconcileVerb: Verb = {
  summary: 'mend what is not as it was decided: pins, cpusets, memory, the ledger',
  options: {
    'dry-run': { takes: 'flag', describe: 'say what differs and what would be done; change nothing' },
    node: OWN_PINFOLD_OPTION,
    root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
    json: { takes: 'flag', describe: 'print a JSON document and nothing else' },
  },
  examples: [
    ['reconcile --dry-run', 'what differs, and why'],
    ['reconcile', 'mend it; says nothing when all is well'],
    ['reconcile --node pve1', 'on a node of nodes.yaml, by the Pinfold that is installed there'],
  ],
  run: async given => {
    const root = checkRoot(given.text('root'));
    const node = given.text('node');
    if (node !== undefined) {
      const { reconcileOnNode } = await import('../remote/reconcile-on-node.ts');
      return reconcileOnNode({ root, node, dryRun: given.flag('dry-run'), json: given.flag('json') });
    }
    const { reconcileCommand } = await import('../commands/reconcile.ts');
    return reconcileCommand({ root, dryRun: given.flag('dry-run'), json: given.flag('json') });
  },
};
