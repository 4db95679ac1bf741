import { AppError, EXIT } from '../../../domain/app-error.ts';
import { clip } from '../../../domain/cpu-list.ts';
import type { Host } from '../../../domain/host.ts';
import { hostPolicyOf, DEFAULT_NODE_POLICY } from '../../../domain/node-policy.ts';
import type { HostPolicy } from '../../../domain/host-policy.ts';
import { nearest } from '../../../domain/nearest.ts';
import { behindPrefix, isSameTag, tagsOfText } from '../../../formats/proxmox/tags.ts';
import { loadPolicy, type PolicyFiles } from '../../load-policy.ts';
import type { PolicyFolders, PolicyQuestion } from '../policy/guest-policy.ts';
import { findQemu } from '../find-qemu.ts';
import { planAttach, type AttachPlan } from './plan-attach.ts';
import { planDetach, type DetachPlan } from './plan-detach.ts';
import { isOfAnotherVm } from './vm-identity.ts';
import { readAttachable, readAttachRecord } from './write-attach.ts';

/** What a plan is made with. */
export interface PrepareTools extends Pick<PolicyQuestion, 'vmid' | 'node'> {
  readonly folders: PolicyFolders;
  /** The node with what is taken on it, under this policy. */
  readonly readHost: (policy: HostPolicy) => Promise<Host>;
}

/**
 * Plans to attach a profile to a VM of this node: the one named, else the one that it was attached to or has a tag of.
 * Nothing is written.
 *
 * @throws AppError when no profile is meant or the one that is does not exist, and for all that {@link planAttach} refuses
 */
export async function prepareAttach(tools: PrepareTools, named: string | null): Promise<AttachPlan> {
  const { vmid, node, folders } = tools;
  const configText = readAttachable(tools);
  const files = await loadPolicy(node, folders);
  const kept = readAttachRecord({ vmid, node, policyFolder: folders.policy });
  const record = kept === null || isOfAnotherVm(kept, configText) ? null : kept;
  const wanted = named ?? record?.profile ?? taggedProfile(configText, files);
  const profileName = existing(wanted, vmid, files);
  return planAttach({
    vmid,
    configText,
    profileName,
    profile: files.profiles[profileName]!,
    profileNames: Object.keys(files.profiles),
    policy: files.policy,
    host: await tools.readHost(hostPolicyOf(files.policy)),
    node: node.name,
    files: node.files,
    record,
    isRunning: findQemu(node.files, vmid) !== null,
  });
}

/**
 * Plans the way back. Nothing is written.
 *
 * @throws AppError for a VM that was never attached, and for all that {@link planDetach} refuses
 */
export function prepareDetach({ vmid, node, folders }: Omit<PrepareTools, 'readHost'>): DetachPlan {
  const configText = readAttachable({ vmid, node });
  const record = readAttachRecord({ vmid, node, policyFolder: folders.policy });
  if (record === null)
    throw new AppError(
      'not-attached',
      EXIT.usage,
      `VM ${vmid} is not attached (${folders.policy}/attached/${vmid}.json is not there or damaged), so there is nothing to give back: change it with "qm set" if it should be changed.`,
    );
  if (isOfAnotherVm(record, configText))
    throw new AppError(
      'not-attached',
      EXIT.usage,
      `What ${folders.policy}/attached/${vmid}.json says is of an earlier VM ${vmid}, and this one was never attached: run "pinfold attach ${vmid}" first, or change it with "qm set".`,
    );
  return planDetach({ vmid, configText, record, isRunning: findQemu(node.files, vmid) !== null });
}

function taggedProfile(configText: string, { policy }: PolicyFiles): string | null {
  const prefix = policy.tag_prefix ?? DEFAULT_NODE_POLICY.tag_prefix;
  const names = tagsOfText(configText).flatMap(tag => behindPrefix(tag, prefix) ?? []);
  return names.length === 1 ? names[0]! : null;
}

function existing(wanted: string | null, vmid: string, { profiles }: PolicyFiles): string {
  const names = Object.keys(profiles);
  if (names.length === 0)
    throw new AppError(
      'profiles-missing',
      EXIT.usage,
      'There are no profiles: write /etc/pve/pinfold/profiles.yaml first (templates/proxmox has one to begin with).',
    );
  const listed = names.slice(0, 10).join(', ');
  if (wanted === null)
    throw new AppError(
      'profile-unnamed',
      EXIT.usage,
      `VM ${vmid} has no tag that names one profile: name one of ${listed}.`,
    );
  const name = names.find(other => other === wanted) ?? names.find(other => isSameTag(other, wanted));
  if (name !== undefined) return name;
  throw new AppError(
    'profile-unknown',
    EXIT.usage,
    `There is no profile "${clip(wanted)}" in /etc/pve/pinfold/profiles.yaml; the nearest is "${nearest(wanted, names)!}".`,
  );
}
