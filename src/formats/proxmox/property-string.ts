/**
 * Proxmox VE's property strings: `key=value` parts between commas, one of which may stand without its key
 * (`local:iso/x.iso,media=cdrom`).
 */
export type Properties = ReadonlyMap<string, string>;

/**
 * The parts of a property string; null when it is none (a part without key where no key is the default, a key twice).
 * Empty parts are skipped, as the node's parser does.
 */
export function parseProperties(text: string, defaultKey?: string): Properties | null {
  const parts = new Map<string, string>();
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    const key = equals < 0 ? defaultKey : part.slice(0, equals);
    if (key === undefined || parts.has(key)) return null;
    parts.set(key, equals < 0 ? part : part.slice(equals + 1));
  }
  return parts;
}

/** A truth in the words of the node's parser; null when it is none. */
export function parseTruth(text: string): boolean | null {
  if (text === '1' || /^(on|yes|true)$/i.test(text)) return true;
  return text === '0' || /^(off|no|false)$/i.test(text) ? false : null;
}
