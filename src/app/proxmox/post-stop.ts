import { scopeDropInPath } from '../../formats/systemd/scope-drop-in.ts';
import { release } from '../release.ts';
import { noteBackupStop } from './backup-stop.ts';
import { leftMasks, unmask } from './birth-mask.ts';
import { SILENT, warningLines, type HookAnswer, type HookCall } from './hook-call.ts';
import { exclusivityPlace } from './keep-to-itself.ts';
import { removeDropIn } from './scope-files.ts';

/**
 * `post-stop`: gives back what the guest held and takes off what was written for it. Nothing relies on it: it is not called
 * after a failed start, nor on the source of a migration. A guest that Pinfold did not place is left alone.
 */
export async function postStop(call: HookCall): Promise<HookAnswer> {
  const { node, vmid, folders } = call;
  const masks = leftMasks({ node, stateFolder: folders.state }, call.worker.process, vm => vm === vmid);
  const known = (node.files.read(`${folders.state}/ledger.json`) ?? '').includes(`"vm":"${vmid}"`);
  if (masks.length === 0 && !known && node.files.read(scopeDropInPath(vmid)) === null) return SILENT;
  const warnings = [...(await unmask(node, masks))];
  if (node.files.read(exclusivityPlace(call).stateFile) !== null) {
    const { giveBackExclusive } = await import('./exclusivity-parts.ts');
    const guest = { vm: vmid, scope: `/qemu.slice/${vmid}.scope` };
    warnings.push(...(await giveBackExclusive(exclusivityPlace(call), guest)).sentences);
  }
  call.at('given-back');
  removeDropIn(node, vmid);
  call.at('undropped');
  const place = { node, ledger: call.ledger, owner: call.worker.process, stateFolder: folders.state };
  warnings.push(...(await release(place, vmid)));
  // Last, because nothing that the guest held may stay where the note cannot be written.
  noteBackupStop(call);
  return { code: 0, lines: warningLines(warnings) };
}
