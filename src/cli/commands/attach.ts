import type { AttachPlan } from '../../app/proxmox/attach/plan-attach.ts';
import { prepareAttach } from '../../app/proxmox/attach/prepare-attach.ts';
import { writeAttach } from '../../app/proxmox/attach/write-attach.ts';
import { writeAttachRemotely } from '../../app/proxmox/attach/write-remote.ts';
import { EXIT } from '../../domain/app-error.ts';
import { observedHost } from '../observed-host.ts';
import { say } from '../output.ts';
import { openVmSite, type VmSiteChoice } from '../vm-site.ts';
import { withProgress } from '../with-progress.ts';
import { showChange } from '../show-change.ts';

/** What `pinfold attach` was asked for. */
export interface AttachOptions extends VmSiteChoice {
  readonly profile: string | undefined;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/** Shows what a VM's config needs for its profile, asks, and writes it. */
export async function attachCommand(options: AttachOptions): Promise<number> {
  const { vm } = options;
  const site = await openVmSite(options);
  try {
    const { opened, folders } = site;
    const plan: AttachPlan = await prepareAttach(
      { vmid: vm, node: opened.node, folders, readHost: () => observedHost(opened) },
      options.profile ?? null,
    );
    await site.checkSame(plan.from);
    const go = await showChange(plan, {
      ...options,
      nothing: `VM ${vm} has all that the profile "${plan.record.profile}" needs.`,
      question: `Write this to the config of VM ${vm}?`,
    });
    if (!go) return EXIT.done;
    if (site.remote === null) await writeAttach(site.local, plan);
    else {
      const remote = site.remote(plan.changes);
      await withProgress(`writing on ${opened.node.name}`, 1, () => writeAttachRemotely(remote, plan));
    }
    if (!options.json && plan.changes.length > 0)
      say(`VM ${vm} follows the profile "${plan.record.profile}" from its next start on.`);
    return EXIT.done;
  } finally {
    site.close();
  }
}
