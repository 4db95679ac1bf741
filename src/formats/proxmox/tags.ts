import { withoutEnd, withoutStart } from './config-text.ts';

/** The tags of a `tags` value, or of a list in datacenter.cfg: separated by `;`, `,` or white space. */
export function splitTags(value: string): readonly string[] {
  return value.split(/[;,\s]+/).filter(tag => tag !== '');
}

/** The `tags` value of these tags, as Proxmox VE writes it; undefined for none, which has no line. */
export function joinTags(tags: readonly string[]): string | undefined {
  return tags.length === 0 ? undefined : tags.join(';');
}

/** A tag as Proxmox VE allows it (pve-common, `pve-tag`). */
export function isTag(text: string): boolean {
  return /^[a-z0-9_][a-z0-9_\-+.]*$/i.test(text);
}

/**
 * The tags of a VM, read without the rest of its configuration: those of the last `tags` line before the first
 * section. For the start of VMs that are none of our business.
 */
export function tagsOfText(configText: string): readonly string[] {
  let tags: readonly string[] = [];
  let from = 0;
  while (from < configText.length) {
    const feed = configText.indexOf('\n', from);
    const end = feed < 0 ? configText.length : feed;
    if (configText[from] === '[' && withoutEnd(configText.slice(from, end)).endsWith(']')) break;
    if (configText.startsWith('tags:', from))
      tags = splitTags(withoutStart(withoutEnd(configText.slice(from + 5, end))));
    from = end + 1;
  }
  return tags;
}

/**
 * Whether two tags are the same one. Proxmox VE stores tags in lower case unless datacenter.cfg makes them
 * case-sensitive, so letters' case never makes a difference here.
 */
export function isSameTag(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

/** What stands behind the prefix in a tag that begins with it; null for any other tag. */
export function behindPrefix(tag: string, prefix: string): string | null {
  return isSameTag(tag.slice(0, prefix.length), prefix) && tag.length > prefix.length
    ? tag.slice(prefix.length)
    : null;
}
