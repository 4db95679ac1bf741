import { checkRoot } from '../check-root.ts';
import type { GivenWords, Verb, VerbOption } from '../verb.ts';
import { NODE_OPTION } from './node-option.ts';

const OPTIONS = {
  'dry-run': { takes: 'flag', describe: 'show the change and write nothing' },
  yes: { takes: 'flag', describe: 'write without asking' },
  node: NODE_OPTION,
  root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
  json: { takes: 'flag', describe: 'print the change as a plan document and nothing else' },
} as const satisfies Record<string, VerbOption>;
const VM = { name: 'VM', describe: 'the number of the VM' };

function common(given: GivenWords) {
  return {
    vm: given.text('VM')!,
    dryRun: given.flag('dry-run'),
    yes: given.flag('yes'),
    node: given.text('node'),
    root: checkRoot(given.text('root')),
    json: given.flag('json'),
  };
}

/** `pinfold attach VM`. */
export const attachVerb: Verb = {
  summary: 'give a VM of Proxmox VE a profile: hook script, tag, guest cells; shows the change first',
  argument: VM,
  options: {
    profile: { takes: 'text', describe: 'the profile; absent: the one that a tag of the VM names' },
    ...OPTIONS,
  },
  examples: [
    ['attach 101 --profile database --dry-run', 'what would be written'],
    ['attach 101 --profile database --node pve1', 'from another machine'],
  ],
  run: async given => {
    const options = { ...common(given), profile: given.text('profile') };
    const { attachCommand } = await import('../commands/attach.ts');
    return attachCommand(options);
  },
};

/** `pinfold detach VM`. */
export const detachVerb: Verb = {
  summary: 'take the profile off a VM again: its config becomes what it was',
  argument: VM,
  options: OPTIONS,
  examples: [['detach 101', '']],
  run: async given => {
    const options = common(given);
    const { detachCommand } = await import('../commands/detach.ts');
    return detachCommand(options);
  },
};
