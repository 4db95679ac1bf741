import { AppError, EXIT } from '../../domain/app-error.ts';
import { checkRoot } from '../check-root.ts';
import type { Verb } from '../verb.ts';
import { hostFile, REPLAY_OPTION } from './host-file.ts';

/** `pinfold usage`. */
export const usageVerb: Verb = {
  summary: 'show capacity, what is taken, what each guest costs in CPUs, and how many more fit',
  options: {
    host: {
      takes: 'text',
      describe: 'a host document or capture instead of a node; "-" reads standard input',
    },
    replay: REPLAY_OPTION,
    shape: { takes: 'text', describe: 'a request document: how many more such guests fit' },
    node: { takes: 'text', describe: 'a node of nodes.yaml, over SSH' },
    root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
    csv: { takes: 'flag', describe: 'print one line a guest, for billing' },
    json: { takes: 'flag', describe: 'print a JSON document and nothing else' },
  },
  examples: [
    ['usage', 'this machine'],
    ['usage --csv > june.csv', 'one line a guest'],
    ['usage --shape request.json', 'how many more guests of this shape fit, per cell and in all'],
    ['usage --host host.json --json', 'a host document, as data'],
  ],
  run: async given => {
    const [host, shape, node] = [hostFile(given), given.text('shape'), given.text('node')];
    const root = checkRoot(given.text('root'));
    const sources = [
      [given.text('replay') === undefined ? '--host' : '--replay', host],
      ['--root', root],
      ['--node', node],
    ].flatMap(([name, value]) => (value === undefined ? [] : [name!]));
    if (sources.length > 1)
      throw excluded(
        `Both ${sources[0]!} and ${sources[1]!} are given, but one node is shown: leave one of them out.`,
      );
    if (host === '-' && shape === '-')
      throw excluded('Only one of --host and --shape can be standard input ("-"): give the other as a file.');
    if (given.flag('csv') && given.flag('json'))
      throw excluded('Both --csv and --json are given: choose the one that is to be printed.');
    const { usageCommand } = await import('../commands/usage.ts');
    const form = given.flag('csv') ? 'csv' : given.flag('json') ? 'json' : 'text';
    return usageCommand({ host, shape, root, node, form });
  },
};

function excluded(message: string): AppError {
  return new AppError('options-exclude', EXIT.usage, message);
}
