import { previewStart, type StartPreview } from '../../app/proxmox/preview-start.ts';
import { PROXMOX_POLICY_FOLDER } from '../../app/proxmox/policy/guest-policy.ts';
import { EXIT } from '../../domain/app-error.ts';
import { observedHost } from '../observed-host.ts';
import { checkVmid } from '../check-vmid.ts';
import { withNode, type NodeChoice } from '../open-node.ts';
import { columnsToUse, print } from '../output.ts';
import { wrapText } from '../render/wrap-text.ts';

/** Prints what a start of a VM of Proxmox VE would do now; changes nothing. */
export async function previewCommand(
  options: NodeChoice & { readonly vm: string; readonly json: boolean },
): Promise<number> {
  checkVmid(options.vm);
  const preview = await withNode(options, async opened => {
    const { node, stateFolder } = opened;
    const folders = { policy: PROXMOX_POLICY_FOLDER, state: stateFolder };
    return previewStart({ vmid: options.vm, node, folders, host: await observedHost(opened) });
  });
  await print(options.json ? `${JSON.stringify(preview.decision, null, 2)}\n` : inWords(preview));
  const { decision } = preview;
  return decision.fits ? EXIT.done : 'error' in decision ? EXIT.usage : EXIT.refused;
}

/** The sentences of the task log, then why it is so. */
function inWords({ decision, sentences }: StartPreview): string {
  const width = columnsToUse();
  const why = decision.fits && decision.placement !== null ? decision.why : [];
  const lines = [...sentences, ...(why.length === 0 ? [] : ['', ...why])];
  return `${lines.flatMap(line => (line === '' ? [''] : wrapText(line, width))).join('\n')}\n`;
}
