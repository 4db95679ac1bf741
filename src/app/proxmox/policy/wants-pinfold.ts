import type { TextTree } from '../../../formats/text-tree.ts';
import { DEFAULT_NODE_POLICY } from '../../../domain/node-policy.ts';
import { behindPrefix, tagsOfText } from '../../../formats/proxmox/tags.ts';

/**
 * Whether a VM has a tag that may name a profile. Nothing but the tags is read: this is all that the start of a VM
 * without a policy pays for.
 */
export function wantsPinfold(configText: string, prefix: string): boolean {
  return tagsOfText(configText).some(tag => behindPrefix(tag, prefix) !== null);
}

/**
 * The beginning of tags that name a profile on this node, found in the policy files without reading their YAML; the
 * node's own file over that of all nodes. What nobody says is the default.
 */
export function tagPrefix(files: TextTree, at: { readonly folder: string; readonly node: string }): string {
  for (const name of [`nodes/${at.node}.yaml`, 'policy.yaml']) {
    const match = PREFIX.exec(files.read(`${at.folder}/${name}`) ?? '');
    if (match !== null) return match[1]!;
  }
  return DEFAULT_NODE_POLICY.tag_prefix;
}

const PREFIX =
  /^["']?tag_prefix["']?[ \t]*:[ \t]+["']?([a-zA-Z0-9_][a-zA-Z0-9_+.-]{0,31})["']?[ \t]*(?:#.*)?$/m;
