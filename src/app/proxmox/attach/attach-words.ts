import { clip } from '../../../domain/cpu-list.ts';
import { DEFAULT_NODE_POLICY, type NodePolicy } from '../../../domain/node-policy.ts';
import { registeredTags } from '../../../formats/proxmox/datacenter-config.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';
import { behindPrefix, isSameTag } from '../../../formats/proxmox/tags.ts';
import type { TextTree } from '../../../formats/text-tree.ts';
import { configCells, describeCells } from '../policy/config-cells.ts';
import type { ShapeCells } from './guest-shape.ts';

/** What the tag of a profile depends on. */
export interface TagQuestion {
  readonly vmid: string;
  readonly profileName: string;
  readonly profileNames: readonly string[];
  readonly policy: NodePolicy;
  readonly files: TextTree;
}

/** The tag that chooses a profile. */
export function tagOf({ policy, profileName }: Pick<TagQuestion, 'policy' | 'profileName'>): string {
  return `${policy.tag_prefix ?? DEFAULT_NODE_POLICY.tag_prefix}${profileName}`.toLowerCase();
}

/** A VM's tags with that of its profile, and without those of other profiles. */
export function tagsWith(tags: readonly string[], question: TagQuestion): readonly string[] {
  const prefix = question.policy.tag_prefix ?? DEFAULT_NODE_POLICY.tag_prefix;
  const tag = tagOf(question);
  const isOther = (candidate: string) => {
    const name = behindPrefix(candidate, prefix);
    return name !== null && question.profileNames.some(profile => isSameTag(profile, name));
  };
  if (tags.some(candidate => isSameTag(candidate, tag)))
    return tags.filter(candidate => isSameTag(candidate, tag) || !isOther(candidate));
  return [...tags.filter(candidate => !isOther(candidate)), tag];
}

/** An installed guest may have bound itself to the cells that it saw. */
export function cellsWarning(vmid: string, config: GuestConfig, cells: ShapeCells): readonly string[] {
  const shown = describeCells(configCells(config));
  const next = describeCells(cells);
  if (shown === next) return [];
  return [
    `The guest of VM ${vmid} will see ${next} instead of ${shown}: if it is installed, see that nothing in it is bound to the cells that it saw (numactl, CPU sets, licences).`,
  ];
}

/** A tag that does not count yet. */
export function tagWarning(question: TagQuestion): readonly string[] {
  const { policy, files, vmid } = question;
  if ((policy.trust_tags ?? DEFAULT_NODE_POLICY.trust_tags) === 'any') return [];
  const tag = tagOf(question);
  const registered = registeredTags(files.read('/etc/pve/datacenter.cfg') ?? '');
  if (registered.some(other => isSameTag(other, tag))) return [];
  return [
    `The tag ${clip(tag)} is not registered, so that it does not count and VM ${vmid} would not start: add it to the registered tags of the datacenter (Datacenter, Options).`,
  ];
}
