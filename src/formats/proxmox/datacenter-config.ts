import { withoutEnd, withoutStart } from './config-text.ts';
import { splitTags } from './tags.ts';

/**
 * The tags of `registered-tags` in /etc/pve/datacenter.cfg: only who has Sys.Modify on / may give them to a VM or take
 * them away (pve-guest-common, GuestHelpers.pm). Of several lines the last counts.
 */
export function registeredTags(datacenterConfig: string): readonly string[] {
  let tags: readonly string[] = [];
  for (const line of datacenterConfig.split('\n')) {
    const value = line.startsWith(KEY) ? withoutStart(withoutEnd(line.slice(KEY.length))) : '';
    if (value !== '') tags = splitTags(value);
  }
  return tags;
}

const KEY = 'registered-tags:';
