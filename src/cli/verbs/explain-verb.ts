import { AppError, EXIT } from '../../domain/app-error.ts';
import { checkRoot } from '../check-root.ts';
import type { Verb } from '../verb.ts';

/** `pinfold explain VM`. */
export const explainVerb: Verb = {
  summary: 'say why a guest is where it is and not elsewhere, or where it would go now',
  argument: { name: 'VM', describe: 'the name of the guest (on Proxmox VE its number)' },
  options: {
    request: { takes: 'text', describe: 'what the guest asks for, in place of what is known of it' },
    replay: { takes: 'text', describe: 'a captured state in place of a node; "-" reads standard input' },
    node: { takes: 'text', describe: 'a node of nodes.yaml, over SSH' },
    root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
    json: { takes: 'flag', describe: 'print a JSON document and nothing else' },
  },
  examples: [
    ['explain one-7', 'a running guest, as it was decided when it was started'],
    ['explain web --request request.json', 'a guest that does not run: where it would go now'],
    ['explain one-7 --replay capture.json', 'the same in a captured state'],
  ],
  run: async given => {
    const [replay, request, node] = [given.text('replay'), given.text('request'), given.text('node')];
    const root = checkRoot(given.text('root'));
    const sources = [
      root !== undefined && '--root',
      node !== undefined && '--node',
      replay !== undefined && '--replay',
    ];
    const [first, second] = sources.filter(source => source !== false);
    if (first !== undefined && second !== undefined)
      throw excluded(`Both ${first} and ${second} are given, but one node is asked: leave one of them out.`);
    if (replay === '-' && request === '-')
      throw excluded(
        'Only one of --replay and --request can be standard input ("-"): give the other as a file.',
      );
    const { explainCommand } = await import('../commands/explain.ts');
    return explainCommand({ vm: given.text('VM')!, request, replay, root, node, json: given.flag('json') });
  },
};

function excluded(message: string): AppError {
  return new AppError('options-exclude', EXIT.usage, message);
}
