import { prepareDetach } from '../../app/proxmox/attach/prepare-attach.ts';
import { writeDetach } from '../../app/proxmox/attach/write-attach.ts';
import { writeDetachRemotely } from '../../app/proxmox/attach/write-remote.ts';
import { EXIT } from '../../domain/app-error.ts';
import { say } from '../output.ts';
import { showChange } from '../show-change.ts';
import { openVmSite } from '../vm-site.ts';
import { withProgress } from '../with-progress.ts';
import type { AttachOptions } from './attach.ts';

/** Shows how a VM becomes what it was before it was attached, asks, and writes it. */
export async function detachCommand(options: Omit<AttachOptions, 'profile'>): Promise<number> {
  const { vm } = options;
  const site = await openVmSite(options);
  try {
    const plan = prepareDetach({ vmid: vm, node: site.opened.node, folders: site.folders });
    await site.checkSame(plan.from);
    const go = await showChange(plan, {
      ...options,
      nothing: `The config of VM ${vm} has nothing left of its profile; what was kept for it goes.`,
      question: `Write this to the config of VM ${vm}?`,
    });
    if (!go) return EXIT.done;
    if (site.remote === null) await writeDetach(site.local, plan);
    else {
      const remote = site.remote(plan.changes);
      await withProgress(`writing on ${site.opened.node.name}`, 1, () => writeDetachRemotely(remote, plan));
    }
    if (!options.json && plan.changes.length > 0) say(`VM ${vm} is as it was, from its next start on.`);
    return EXIT.done;
  } finally {
    site.close();
  }
}
