import { RUNTIME_UNITS } from '../../formats/systemd/scope-drop-in.ts';
import type { ExclusivityPlace } from '../exclusivity/exclusivity.ts';
import { readExclusivityState } from '../exclusivity/exclusivity-state.ts';
import { giveBackExclusive } from '../exclusivity/give-back-exclusive.ts';
import { sentenceOf } from '../sentence-of.ts';
import { leftMasks, unmask } from './birth-mask.ts';
import { removeDropIn } from './scope-files.ts';

/** No guest has this number. */
const NOBODY = { vm: '0', scope: '/qemu.slice/0.scope' };

/**
 * Takes everything off a node that Pinfold keeps there for guests, before its package is removed: CPUs kept from others
 * (partitions and fences), masks of tasks, drop-ins of scopes. Guests that run keep their pins until they stop. Running it
 * twice changes nothing. Answers a sentence for each thing that stays.
 */
export async function leaveNode(place: ExclusivityPlace, stateFolder: string): Promise<readonly string[]> {
  const { node, stateFile } = place;
  const sentences: string[] = [];
  const { guests, fences } = readExclusivityState(node, stateFile);
  // Whoever is killed between forgetting a guest and lifting its fences leaves them behind.
  for (const guest of guests.length === 0 && fences.length > 0 ? [NOBODY] : guests)
    sentences.push(...(await orSaid(async () => (await giveBackExclusive(place, guest)).sentences)));
  sentences.push(
    ...(await orSaid(() =>
      unmask(
        node,
        leftMasks({ node, stateFolder }, '', () => true),
      ),
    )),
  );
  for (const name of node.files.list(RUNTIME_UNITS)) {
    const vmid = /^([1-9]\d{2,8})\.scope\.d$/.exec(name)?.[1];
    if (vmid !== undefined) removeDropIn(node, vmid);
  }
  return sentences;
}

/** What one step says, also when it fails: a lock that is busy must not keep the drop-ins, which hold the next starts. */
async function orSaid(step: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await step();
  } catch (error) {
    return [sentenceOf(error)];
  }
}
