import type { NodePort } from '../../app/ports.ts';
import { readProcessId } from '../../formats/proc/process-id.ts';

/**
 * What a process of ours keeps in the state folder while it works, with a process number in the name: half-written files
 * (`.NAME.PID.new`, in a tree `.PID-N.tmp`), the XML for one call of virsh (`saved-PID.xml`, the hook's number) and for a
 * migration (`travel-PID.xml`, the guest's).
 */
const OF_A_PROCESS = /^(?:\..+\.(\d+)\.new|\.(\d+)-\d+\.tmp|(?:saved|travel)-(\d+)\.xml)$/;

/** Removes from the state folder what processes that were killed have left there. Never fails: nobody needs it. */
export function sweepLeftovers(node: NodePort, folder: string): void {
  for (const name of node.files.list(folder)) {
    const found = OF_A_PROCESS.exec(name);
    const pid = found?.[1] ?? found?.[2] ?? found?.[3];
    if (pid === undefined || readProcessId(node.files, Number(pid)) !== null) continue;
    try {
      node.remove(`${folder}/${name}`);
    } catch {
      // The next one tries again.
    }
  }
}
