import { AppError, EXIT } from '../../../domain/app-error.ts';
import { parseVmConfig } from '../../../formats/proxmox/parse-vm-config.ts';
import { readGuestConfig } from '../../../formats/proxmox/read-guest-config.ts';
import type { AttachRecord, ConfigChange } from './attach-record.ts';
import { cellsWarning } from './attach-words.ts';
import { isShapeKey } from './check-may-change.ts';
import { configCells } from '../policy/config-cells.ts';
import { detachText } from './detach-text.ts';
import { changesBetween } from './plan-attach.ts';

/** The change back, to be shown first and then written. */
export interface DetachPlan {
  readonly from: string;
  readonly text: string;
  readonly changes: readonly ConfigChange[];
  readonly warnings: readonly string[];
}

/**
 * Plans how a VM becomes what it was before it was attached; what its user changed since stays.
 *
 * @throws AppError for a VM that must not be changed now
 */
export function planDetach(question: {
  readonly vmid: string;
  readonly configText: string;
  readonly record: AttachRecord;
  readonly isRunning: boolean;
}): DetachPlan {
  const { vmid, configText, record } = question;
  const now = readGuestConfig(parseVmConfig(configText));
  if (now.lock !== null)
    throw new AppError(
      'vm-locked',
      EXIT.state,
      `VM ${vmid} is locked (${now.lock}): wait until that task has ended, then try again.`,
    );
  const { text, warnings } = detachText(configText, record);
  const changes = changesBetween(configText, text);
  const visible = changes.filter(({ key }) => isShapeKey(key)).map(({ key }) => key);
  if (question.isRunning && visible.length > 0)
    throw new AppError(
      'vm-running',
      EXIT.state,
      `VM ${vmid} runs, and what its guest sees (${visible.join(', ')}) can be changed only while it is stopped: shut it down, then try again.`,
    );
  const after = configCells(readGuestConfig(parseVmConfig(text)));
  return { from: configText, text, changes, warnings: [...warnings, ...cellsWarning(vmid, now, after)] };
}
