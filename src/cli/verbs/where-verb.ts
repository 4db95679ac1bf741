import { AppError, EXIT } from '../../domain/app-error.ts';
import { clip } from '../../domain/cpu-list.ts';
import type { Verb } from '../verb.ts';

const USUAL_PARALLEL = '16';
const USUAL_DEADLINE = '20';

/** `pinfold where REQUEST`. */
export const whereVerb: Verb = {
  summary: 'rank the nodes of the cluster for a guest, with the reason of each refusal',
  argument: { name: 'REQUEST', describe: 'the request document; "-" reads standard input' },
  options: {
    nodes: { takes: 'text', describe: 'names in nodes.yaml, separated by commas; default: all of them' },
    hosts: { takes: 'text', describe: 'host documents or captures, one a line, in place of nodes' },
    strategy: { takes: 'text', describe: 'spread (default): the emptiest node first; pack: the fullest' },
    parallel: { takes: 'text', describe: `how many nodes are read at a time (${USUAL_PARALLEL})` },
    deadline: { takes: 'text', describe: `seconds that one node may take (${USUAL_DEADLINE})` },
    json: { takes: 'flag', describe: 'print a JSON document and nothing else' },
  },
  examples: [
    ['where request.json', 'every node of nodes.yaml'],
    ['where request.json --nodes pve1,pve2 --deadline 5', ''],
    ['where request.json --hosts nodes.jsonl --strategy pack', 'captured nodes'],
  ],
  run: async given => {
    const strategy = given.text('strategy') ?? 'spread';
    if (strategy !== 'spread' && strategy !== 'pack')
      throw wrong(`--strategy is "${clip(strategy)}", but nodes are ranked by spread or pack.`);
    const [hosts, nodes] = [given.text('hosts'), given.text('nodes')];
    const names = nodes?.split(',').map(name => name.trim()) ?? [];
    if (names.includes(''))
      throw wrong(
        `--nodes is "${clip(nodes!)}", but it is names separated by single commas, such as pve1,pve2.`,
      );
    if (hosts !== undefined && nodes !== undefined)
      throw wrong('Both --hosts and --nodes are given: name nodes, or a file of them.');
    if (hosts === '-' && given.text('REQUEST') === '-')
      throw wrong(
        'Only one of the request and --hosts can be standard input ("-"): give the other as a file.',
      );
    const parallel = numberOf('--parallel', given.text('parallel') ?? USUAL_PARALLEL, {
      least: 1,
      most: 256,
    });
    const deadlineSeconds = numberOf('--deadline', given.text('deadline') ?? USUAL_DEADLINE, {
      least: 1,
      most: 3600,
    });
    const { whereCommand } = await import('../commands/where.ts');
    return whereCommand({
      request: given.text('REQUEST')!,
      hosts,
      nodes: names,
      strategy,
      parallel,
      deadlineSeconds,
      json: given.flag('json'),
    });
  },
};

function numberOf(
  option: string,
  text: string,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw wrong(`${option} is "${clip(text)}", but it is a whole number from ${least} to ${most}.`);
}

function wrong(message: string): AppError {
  return new AppError('options-invalid', EXIT.usage, message);
}
