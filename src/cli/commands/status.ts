import { loadPolicy } from '../../app/load-policy.ts';
import { EXIT } from '../../domain/app-error.ts';
import { hostPolicyOf } from '../../domain/node-policy.ts';
import { describeMap, lettersOf } from '../../formats/map/describe-map.ts';
import { mapHtml } from '../../formats/map/map-html.ts';
import type { MapModel } from '../../formats/map/map-model.ts';
import { mapSvg } from '../../formats/map/map-svg.ts';
import { mapModelOfHost } from '../../formats/map/model-of-host.ts';
import { checkOutputFile } from '../check-output-file.ts';
import { columnsToUse, print, say, wantsColor } from '../output.ts';
import { documentedHost } from '../observed-host.ts';
import { withNode } from '../open-node.ts';
import { policyFolder } from '../policy-folder.ts';
import { readMapModel } from '../render/read-map-model.ts';
import { renderMap } from '../render/render-map.ts';
import { statusDocument } from '../status-document.ts';
import { watch } from '../watch.ts';
import { writePicture } from '../write-picture.ts';
import type { StatusOptions } from './check-status-words.ts';

/**
 * Prints the map of a node as it runs now, or of a host document; as text, as a document, or into files as pictures.
 * Changes nothing of the node.
 */
export async function statusCommand(options: StatusOptions): Promise<number> {
  const pictures = [
    { file: options.svg, draw: mapSvg },
    { file: options.html, draw: mapHtml },
  ].flatMap(({ file, draw }) => (file === undefined ? [] : [{ file, draw }]));
  for (const { file } of pictures) checkOutputFile(file);
  if (options.watch) return watchStatus(options);
  const model = await readStatus(options);
  const note = noteOf(options, new Date());
  for (const { file, draw } of pictures) {
    await writePicture(file, draw(describeMap(model), note));
    if (file !== '-' && !options.json) say(`The map of ${describeMap(model).host} is in ${file}.`);
  }
  if (options.json) await print(`${JSON.stringify(statusDocument(model), null, 2)}\n`);
  else if (pictures.length === 0)
    await print(renderMap(model, { color: wantsColor(), width: columnsToUse(), headed: true }));
  return EXIT.done;
}

/** Draws again and again; guests keep their letters. */
async function watchStatus(options: StatusOptions): Promise<number> {
  let letters: ReadonlyMap<string, string> = new Map();
  const draw = async () => {
    const model = await readStatus(options);
    if (options.json) return `${JSON.stringify(statusDocument(model))}\n`;
    letters = lettersOf(model, letters);
    return renderMap(model, { color: wantsColor(), width: columnsToUse(), headed: true, letters });
  };
  await watch(draw, { intervalMs: options.intervalMs, isDocument: options.json });
  return EXIT.done;
}

/** What the map shows: the claims of a document, or what runs, with the policy in the first folder that has one. */
async function readStatus(options: StatusOptions): Promise<MapModel> {
  if (options.host !== undefined) return mapModelOfHost(await documentedHost(options.host));
  return withNode(options, async ({ node, stateFolder }) => {
    const { policy } = await loadPolicy(node, { policy: policyFolder(node), state: stateFolder });
    return readMapModel(node, hostPolicyOf(policy), stateFolder);
  });
}

function noteOf({ host }: StatusOptions, now: Date): string {
  if (host !== undefined) return 'Drawn from a host document: who holds what by its claims.';
  const [day, time] = now.toISOString().split('T');
  return `As it ran on ${day!} at ${time!.slice(0, 5)} UTC.`;
}
