import { AppError, EXIT } from '../../domain/app-error.ts';
import { checkRoot } from '../check-root.ts';
import type { Verb } from '../verb.ts';
import { NODE_OPTION } from './node-option.ts';

/** `pinfold doctor`. */
export const doctorVerb: Verb = {
  summary: 'check the installation and the node; ends with 6 when a check fails',
  options: {
    probe: {
      takes: 'flag',
      describe: 'as root: also make a scope and a partition for a moment, to see whether they work',
    },
    node: NODE_OPTION,
    root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
    json: { takes: 'flag', describe: 'print a JSON document and nothing else' },
  },
  examples: [
    ['doctor', 'this machine'],
    ['doctor --probe', 'as root, also what only trying tells'],
    ['doctor --node pve2 --json', 'another node, as data'],
  ],
  run: async given => {
    const probe = given.flag('probe');
    const [root, node] = [checkRoot(given.text('root')), given.text('node')];
    if (probe && (root !== undefined || node !== undefined))
      throw new AppError(
        'options-exclude',
        EXIT.usage,
        `--probe tries things out on this machine, and --${root === undefined ? 'node' : 'root'} names another: leave one of them out.`,
      );
    const { doctorCommand } = await import('../commands/doctor.ts');
    return doctorCommand({ probe, root, node, json: given.flag('json') });
  },
};
