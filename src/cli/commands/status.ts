import { localNode } from '../../adapters/local/local-node.ts';
import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { loadPolicy } from '../../app/load-policy.ts';
import type { NodePort } from '../../app/ports.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { EXIT } from '../../domain/app-error.ts';
import { hostPolicyOf } from '../../domain/node-policy.ts';
import { columnsToUse, print, wantsColor } from '../output.ts';
import { policyFolder } from '../policy-folder.ts';
import { cpuMarks } from '../render/cpu-marks.ts';
import type { MapModel } from '../render/map-model.ts';
import { readMapModel } from '../render/read-map-model.ts';
import { renderMap } from '../render/render-map.ts';

const STATE_FOLDER = '/run/pinfold';

/** Prints the map of a node as it runs now, or the same as a document; changes nothing. */
export async function statusCommand(options: {
  readonly root: string | undefined;
  readonly json: boolean;
}): Promise<number> {
  const node = options.root === undefined ? localNode() : openTreeNode(options.root);
  const model = await readStatus(node);
  await print(
    options.json
      ? `${JSON.stringify(statusDocument(model), null, 2)}\n`
      : renderMap(model, { color: wantsColor(), width: columnsToUse() }),
  );
  return EXIT.done;
}

/** What a node's map shows, with the policy in the first folder that has one. */
async function readStatus(node: NodePort): Promise<MapModel> {
  const reader: NodePort = { ...node, writeAtomically: () => undefined };
  const { policy } = await loadPolicy(reader, { policy: policyFolder(node), state: STATE_FOLDER });
  return readMapModel(node, hostPolicyOf(policy), STATE_FOLDER);
}

/** The map as data: CPUs by what they are used for, and the guests. */
function statusDocument(model: MapModel): object {
  const uses = new Map<string, number[]>();
  for (const [cpu, { use }] of cpuMarks(model)) uses.set(use, [...(uses.get(use) ?? []), cpu]);
  return {
    kind: 'pinfold/status',
    version: 1,
    topology: model.topology,
    cpus: Object.fromEntries([...uses].map(([use, cpus]) => [use, CpuSet.of(cpus).toString()])),
    guests: model.guests.map(({ name, vcpus, emulator, memory }) => ({
      vm: name,
      vcpus: vcpus.map(String),
      emulator: emulator.toString(),
      memory,
    })),
  };
}
