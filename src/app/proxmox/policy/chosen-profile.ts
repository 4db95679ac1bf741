import { AppError, EXIT } from '../../../domain/app-error.ts';
import { clip } from '../../../domain/cpu-list.ts';
import { nearest } from '../../../domain/nearest.ts';
import { DEFAULT_NODE_POLICY, type Profile } from '../../../domain/node-policy.ts';
import { registeredTags } from '../../../formats/proxmox/datacenter-config.ts';
import { behindPrefix, isSameTag } from '../../../formats/proxmox/tags.ts';
import type { PolicyFiles } from '../../load-policy.ts';

/** The profile that a VM's tags choose. */
export interface ChosenProfile {
  readonly name: string;
  readonly profile: Profile;
  readonly warnings: readonly string[];
}

/** What the choice of a profile depends on. */
export interface ProfileQuestion {
  readonly vmid: string;
  readonly tags: readonly string[];
  readonly files: PolicyFiles;
  /** The text of /etc/pve/datacenter.cfg; empty when there is none. */
  readonly datacenterConfig: string;
}

/**
 * The profile that a VM's tags choose; null when none does. Who may change a VM's options may give it any tag but the
 * registered ones, and a clone keeps its tags; so, unless the policy trusts all tags:
 *
 * 1. Registered tags choose.
 * 2. One that is not registered and names a profile is an error: its VM would silently start without its CPUs.
 * 3. One that is not registered and names nothing is somebody's own tag.
 *
 * @throws AppError for two profiles, one that does not exist, one whose tag is not registered
 */
export function chosenProfile(question: ProfileQuestion): ChosenProfile | null {
  const { vmid, tags, files, datacenterConfig } = question;
  const prefix = files.policy.tag_prefix ?? DEFAULT_NODE_POLICY.tag_prefix;
  const trustsAll = (files.policy.trust_tags ?? DEFAULT_NODE_POLICY.trust_tags) === 'any';
  const registered = registeredTags(datacenterConfig);
  const counts = (tag: string) => trustsAll || registered.some(other => isSameTag(other, tag));
  const ours = tags.filter(tag => behindPrefix(tag, prefix) !== null);
  const counting = [...new Set(ours.filter(counts).map(tag => tag.toLowerCase()))];
  if (counting.length > 1)
    throw fault(
      'profiles-many',
      `The tags ${counting.map(clip).join(' and ')} of VM ${vmid} name ${counting.length} profiles, but a VM follows one: take the others off.`,
    );
  const stray = ours.filter(tag => !counts(tag) && profileOf(tag, files, prefix) !== null);
  const tag = counting[0];
  if (tag === undefined) {
    if (stray.length > 0) throw unregistered(stray[0]!, vmid);
    return null;
  }
  const found = profileOf(tag, files, prefix);
  if (found === null) throw unknown(vmid, tag, { files, prefix });
  const warnings = stray.map(
    other =>
      `The tag ${clip(other)} of VM ${vmid} is not registered, so it does not count beside ${tag}: take it off.`,
  );
  return { ...found, warnings };
}

/** Proxmox VE writes tags in lower case by default, so that letters' case alone makes no other profile. */
function profileOf(
  tag: string,
  { profiles }: PolicyFiles,
  prefix: string,
): Omit<ChosenProfile, 'warnings'> | null {
  const wanted = behindPrefix(tag, prefix) ?? '';
  const names = Object.keys(profiles);
  const name = names.find(other => other === wanted) ?? names.find(other => isSameTag(other, wanted));
  return name === undefined ? null : { name, profile: profiles[name]! };
}

function unknown(
  vmid: string,
  tag: string,
  { files, prefix }: { readonly files: PolicyFiles; readonly prefix: string },
): AppError {
  const name = behindPrefix(tag, prefix) ?? '';
  const near = nearest(name, Object.keys(files.profiles));
  return fault(
    'profile-unknown',
    `The tag ${clip(tag)} of VM ${vmid} names the profile "${clip(name)}", which profiles.yaml does not have${near === undefined ? '' : ` (the nearest is "${near}")`}: correct the tag, or add the profile to /etc/pve/pinfold/profiles.yaml.`,
  );
}

function unregistered(tag: string, vmid: string): AppError {
  return fault(
    'tag-unregistered',
    `The tag ${clip(tag)} of VM ${vmid} names a profile but is not registered, so anybody may have set it: add it to the registered tags of the datacenter (Datacenter, Options), or set "trust_tags: any" in /etc/pve/pinfold/policy.yaml.`,
  );
}

function fault(code: string, sentence: string): AppError {
  return new AppError(code, EXIT.usage, sentence);
}
