import { AppError, EXIT } from '../../domain/app-error.ts';
import { checkRoot } from '../check-root.ts';
import type { Verb } from '../verb.ts';

/** `pinfold metrics`. */
export const metricsVerb: Verb = {
  summary: 'tell Prometheus what a node can give, what it holds and how it fares',
  options: {
    file: {
      takes: 'text',
      describe: 'write this file, whole or not at all, in place of standard output',
    },
    node: { takes: 'text', describe: 'a node of nodes.yaml, over SSH; drift is then left out' },
    root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
    json: { takes: 'flag', describe: 'print a JSON document and nothing else' },
  },
  examples: [
    ['metrics', 'this machine, as text for Prometheus'],
    [
      'metrics --file /var/lib/prometheus/node-exporter/pinfold.prom',
      "for node_exporter's textfile collector: run it every minute",
    ],
  ],
  run: async given => {
    const [file, node] = [given.text('file'), given.text('node')];
    const root = checkRoot(given.text('root'));
    if (file !== undefined && given.flag('json'))
      throw new AppError(
        'options-exclude',
        EXIT.usage,
        'Both --file and --json are given, but the file is for Prometheus: leave one of them out.',
      );
    const { metricsCommand } = await import('../commands/metrics.ts');
    return metricsCommand({ file, node, root, json: given.flag('json') });
  },
};
