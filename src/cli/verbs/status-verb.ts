import { checkRoot } from '../check-root.ts';
import type { Verb } from '../verb.ts';
import { REPLAY_OPTION } from './host-file.ts';
import { NODE_OPTION } from './node-option.ts';

/** `pinfold status`. */
export const statusVerb: Verb = {
  summary: 'draw a node: cells, cores and who holds them',
  options: {
    watch: { takes: 'flag', describe: 'draw it again and again until Ctrl-C' },
    interval: { takes: 'text', describe: 'seconds between two drawings of --watch (2)' },
    svg: { takes: 'text', describe: 'write the map as an SVG file; "-" is standard output' },
    html: { takes: 'text', describe: 'write the map as one HTML page; "-" is standard output' },
    host: {
      takes: 'text',
      describe: 'a host document or a capture in place of a node; "-" reads standard input',
    },
    replay: REPLAY_OPTION,
    node: NODE_OPTION,
    root: { takes: 'text', describe: 'a folder that stands in place of "/"' },
    json: { takes: 'flag', describe: 'print a JSON document and nothing else' },
  },
  examples: [
    ['status', 'this machine'],
    ['status --watch --interval 1', 'this machine, again every second'],
    ['status --html node.html', 'a page for the browser: point at a CPU to see who has it'],
    ['status --host capture.json', 'a captured state: who holds what by its claims'],
    ['status --node pve1', 'another node, as it is at this moment'],
    ['status --root DIR', 'the machine whose /sys and /proc lie below DIR'],
  ],
  run: async given => {
    const { checkStatusWords } = await import('../commands/check-status-words.ts');
    const wanted = checkStatusWords({
      watch: given.flag('watch'),
      interval: given.text('interval'),
      svg: given.text('svg'),
      html: given.text('html'),
      host: given.text('host'),
      replay: given.text('replay'),
      node: given.text('node'),
      root: given.text('root'),
      json: given.flag('json'),
    });
    const root = checkRoot(wanted.root);
    const { statusCommand } = await import('../commands/status.ts');
    return statusCommand({ ...wanted, root });
  },
};
