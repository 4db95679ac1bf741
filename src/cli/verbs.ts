import { EXIT } from '../domain/app-error.ts';
import { print } from './output.ts';
import { checkRoot } from './check-root.ts';
import type { Verb, VerbOption } from './verb.ts';
import { reconcileVerb } from './verbs/reconcile-verb.ts';
import { completionVerb } from './verbs/completion-verb.ts';
import { doctorVerb } from './verbs/doctor-verb.ts';
import { captureVerb } from './verbs/capture-verb.ts';
import { explainVerb } from './verbs/explain-verb.ts';
import { usageVerb } from './verbs/usage-verb.ts';
import { attachVerb, detachVerb } from './verbs/attach-verbs.ts';
import { hostFile, REPLAY_OPTION } from './verbs/host-file.ts';
import { NODE_OPTION } from './verbs/node-option.ts';
import { previewVerb } from './verbs/preview-verb.ts';
import { whereVerb } from './verbs/where-verb.ts';
import { statusVerb } from './verbs/status-verb.ts';
import { rebalanceVerb } from './verbs/rebalance-verb.ts';
import { metricsVerb } from './verbs/metrics-verb.ts';

const JSON_OPTION: VerbOption = { takes: 'flag', describe: 'print a JSON document and nothing else' };
const ROOT: VerbOption = { takes: 'text', describe: 'a folder that stands in place of "/"' };

/** Every verb by its name, in the order of the help. The code of each is loaded when it is called. */
export const VERBS: Readonly<Record<string, Verb>> = {
  topology: {
    summary: 'print what this machine, another node, or a tree of its files, is',
    options: {
      node: NODE_OPTION,
      root: ROOT,
      json: { takes: 'flag', describe: 'print JSON, which this verb always does' },
    },
    examples: [
      ['topology', 'this machine'],
      ['topology --node pve1', 'a node of nodes.yaml'],
      ['topology --root DIR', 'the machine whose /sys and /proc lie below DIR'],
    ],
    run: async given => {
      const root = checkRoot(given.text('root'));
      const { topologyCommand } = await import('./commands/topology.ts');
      const topology = await topologyCommand({ root, node: given.text('node') });
      await print(`${JSON.stringify(topology, null, 2)}\n`);
      return EXIT.done;
    },
  },

  place: {
    summary: 'decide where a guest goes; touches nothing',
    options: {
      host: { takes: 'text', describe: 'the host document or a capture; "-" reads standard input' },
      replay: REPLAY_OPTION,
      request: { takes: 'text', describe: 'the request; "-" reads standard input' },
      batch: {
        takes: 'flag',
        describe: 'lines {"host": …, "request": …} on standard input, one decision a line',
      },
      timing: { takes: 'flag', describe: 'add what each decision cost, in microseconds' },
      json: { takes: 'flag', describe: 'print JSON, which this verb always does' },
    },
    examples: [
      ['place --host host.json --request request.json', ''],
      ['place --replay capture.json --request request.json', 'in a captured state'],
      ['place --batch --timing < pairs.jsonl', ''],
    ],
    run: async given => {
      const host = hostFile(given);
      const { placeCommand } = await import('./commands/place.ts');
      return placeCommand({
        host,
        request: given.text('request'),
        batch: given.flag('batch'),
        timing: given.flag('timing'),
      });
    },
  },

  replay: {
    summary: 'let the guests of a trace, or of a capture, come to a host',
    argument: {
      name: 'FILE',
      describe:
        'the trace: {"host": …, "events": [["a", guest, request], ["d", guest], …]}; or a capture, whose guests come anew; "-" reads standard input',
    },
    options: {
      rebalance: {
        takes: 'flag',
        describe: 'let running guests be re-pinned and moved to make room for a newcomer',
      },
      json: { takes: 'flag', describe: 'print the document without a summary on standard error' },
    },
    examples: [
      ['replay trace.json', ''],
      ['replay capture.json', 'its guests, one after the other, as if none were there'],
      ['replay --rebalance - < trace.json', ''],
    ],
    run: async given => {
      const { replayCommand } = await import('./commands/replay.ts');
      return replayCommand({
        file: given.text('FILE')!,
        rebalance: given.flag('rebalance'),
        json: given.flag('json'),
      });
    },
  },

  status: statusVerb,

  usage: usageVerb,

  metrics: metricsVerb,

  preview: previewVerb,

  attach: attachVerb,

  detach: detachVerb,

  rebalance: rebalanceVerb,

  reconcile: reconcileVerb,

  where: whereVerb,

  explain: explainVerb,

  capture: captureVerb,

  doctor: doctorVerb,

  completion: completionVerb,

  demo: {
    summary: 'start guests on a made-up node and show where they go',
    options: {
      keep: { takes: 'flag', describe: 'keep the made-up nodes and say where they are' },
      into: { takes: 'text', describe: 'keep them in this folder, as opennebula/ and proxmox/' },
      json: JSON_OPTION,
    },
    examples: [
      ['demo', ''],
      ['demo --into try', 'then look around: pinfold status --root try/opennebula'],
    ],
    run: async given => {
      const { demoCommand } = await import('./commands/demo.ts');
      return demoCommand({
        keep: given.flag('keep'),
        into: given.text('into'),
        json: given.flag('json'),
      });
    },
  },
};
