import { editVmConfig, type ConfigChanges } from '../../../formats/proxmox/edit-vm-config.ts';
import { parseVmConfig } from '../../../formats/proxmox/parse-vm-config.ts';
import { parseNumaCell, printNumaCell } from '../../../formats/proxmox/numa-cell.ts';
import { isSameTag, joinTags, splitTags } from '../../../formats/proxmox/tags.ts';
import type { AttachRecord, ConfigChange } from './attach-record.ts';

/** A configuration without what was attached. */
export interface Detached {
  readonly text: string;
  readonly changes: readonly ConfigChange[];
  /** What the user changed since, which stays, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Takes what was attached out of a configuration, key by key:
 *
 * 1. A key that still is as it was attached becomes what it was before; host cells do not count, because a start may have
 *    rewritten them.
 * 2. Of tags only those that were added go, and those that were taken away come back.
 * 3. Any other key was changed by its user since, and stays.
 */
export function detachText(text: string, record: AttachRecord): Detached {
  const { values } = parseVmConfig(text).main;
  const changes: Record<string, string | null> = {};
  const warnings: string[] = [];
  for (const [key, { before, after }] of Object.entries(record.keys)) {
    const now = values.get(key) ?? null;
    if (plain(key, now) === plain(key, after)) changes[key] = before;
    else if (key === 'tags') changes[key] = tagsWithout(now, { before, after });
    else if (now !== before)
      warnings.push(
        `"${key}" of VM ${record.vm} was changed after it was attached (now ${now === null ? 'not there' : `"${now}"`}), so it stays.`,
      );
  }
  return { ...applied(text, changes), warnings };
}

/** The text with these changes, and those of them that change anything. */
export function applied(text: string, changes: ConfigChanges): Omit<Detached, 'warnings'> {
  const { values } = parseVmConfig(text).main;
  const real = Object.entries(changes)
    .map(([key, after]) => ({ key, before: values.get(key) ?? null, after }))
    .filter(({ before, after }) => before !== after);
  return {
    text: editVmConfig(text, Object.fromEntries(real.map(({ key, after }) => [key, after]))),
    changes: real,
  };
}

/** A value without its host cells. */
function plain(key: string, value: string | null): string | null {
  const number = /^numa(\d)$/.exec(key)?.[1];
  const cell = number === undefined || value === null ? null : parseNumaCell(Number(number), value);
  return cell === null || typeof cell === 'string' ? value : printNumaCell({ ...cell, hostCells: null });
}

function tagsWithout(
  now: string | null,
  { before, after }: { readonly before: string | null; readonly after: string | null },
): string | null {
  const [had, got] = [splitTags(before ?? ''), splitTags(after ?? '')];
  const isIn = (tags: readonly string[], tag: string) => tags.some(other => isSameTag(other, tag));
  const kept = splitTags(now ?? '').filter(tag => isIn(had, tag) || !isIn(got, tag));
  const back = had.filter(tag => !isIn(got, tag) && !isIn(kept, tag));
  return joinTags([...kept, ...back]) ?? null;
}
