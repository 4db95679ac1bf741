import { checkRoot } from '../check-root.ts';
import { version } from '../version.ts';
import type { Verb } from '../verb.ts';

/** `pinfold capture FILE`. */
export const captureVerb: Verb = {
  summary: 'pack topology, policy and guests of a node into one file for a bug report',
  argument: { name: 'FILE', describe: 'where to; "-" is standard output' },
  options: {
    rename: { takes: 'flag', describe: 'replace the names of the node and its guests' },
    node: { takes: 'text', describe: 'a node of nodes.yaml, over SSH' },
    root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
    json: { takes: 'flag', describe: 'the file is JSON, which it always is' },
  },
  examples: [
    ['capture node.json', 'read it back with explain, status, usage or place --replay'],
    ['capture --rename - | gzip > node.json.gz', 'without the names of your guests'],
  ],
  run: async given => {
    const root = checkRoot(given.text('root'));
    const { captureCommand } = await import('../commands/capture.ts');
    return captureCommand({
      file: given.text('FILE')!,
      rename: given.flag('rename'),
      root,
      node: given.text('node'),
      version: version(),
    });
  },
};
