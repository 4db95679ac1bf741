import { checkRoot } from '../check-root.ts';
import type { Verb } from '../verb.ts';
import { NODE_OPTION } from './node-option.ts';

/** `pinfold preview VM`. */
export const previewVerb: Verb = {
  summary: 'say what a start of a VM of Proxmox VE would do now; touches nothing',
  argument: { name: 'VM', describe: 'the number of the VM' },
  options: {
    node: NODE_OPTION,
    root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
    json: { takes: 'flag', describe: 'print a JSON document and nothing else' },
  },
  examples: [
    ['preview 101', 'on this node'],
    ['preview 101 --node pve1 --json', 'on another node, as a decision document'],
  ],
  run: async given => {
    const root = checkRoot(given.text('root'));
    const { previewCommand } = await import('../commands/preview.ts');
    return previewCommand({
      vm: given.text('VM')!,
      root,
      node: given.text('node'),
      json: given.flag('json'),
    });
  },
};
