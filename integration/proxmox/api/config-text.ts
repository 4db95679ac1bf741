import { createHash } from 'node:crypto';
import { isConfigKey, ruleOf } from './config-keys.ts';

/** The config file of a VM as the node's parser sees it. */
export interface ConfigText {
  readonly description: string | null;
  readonly current: ReadonlyMap<string, string>;
  /** The [PENDING] section: what a running VM gets at its next start. */
  readonly pending: ReadonlyMap<string, string>;
  readonly pendingDeletes: readonly string[];
  /** All other sections, cloud-init's and snapshots', text as it stands. */
  readonly sections: string;
}

const LINE = /^([a-z][a-z_-]*\d*):\s*(.+?)\s*$/;
const SECTION = /^\[([a-z0-9_:-]+)\]\s*$/i;

/**
 * Reads a config as `parse_vm_config` does (qemu-server, Q:1939-2200): comment lines are the description, URL-encoded;
 * unknown keys are lost at the next write. `boot: ` without a value reads as a blank and is written back as one, which
 * the recorded digests show.
 */
export function parseConfigText(text: string): ConfigText {
  const current = new Map<string, string>();
  const pending = new Map<string, string>();
  let pendingDeletes: string[] = [];
  const description: string[] = [];
  const sections: string[] = [];
  let section = '';
  for (const line of text.split('\n')) {
    const opens = SECTION.exec(line)?.[1];
    if (opens !== undefined) section = opens.toLowerCase();
    if (section !== '' && section !== 'pending') {
      sections.push(line);
      continue;
    }
    if (line.startsWith('#') && section === '') description.push(decodeURIComponent(line.slice(1)));
    const [, key, value] = LINE.exec(line) ?? [];
    if (key === 'delete' && section === 'pending') pendingDeletes = value!.split(/[,;\s]+/);
    else if (key !== undefined && isConfigKey(key)) (section === '' ? current : pending).set(key, value!);
  }
  const rest = sections.join('\n').trimEnd();
  return {
    description: description.length === 0 ? null : description.join('\n'),
    current,
    pending,
    pendingDeletes,
    sections: rest === '' ? '' : `\n${rest}\n`,
  };
}

/** Writes a config as `write_vm_config` does: description first, keys sorted, then [PENDING], then the others. */
export function printConfigText(config: ConfigText): string {
  const { description, current, pending, pendingDeletes } = config;
  const comments = description === null ? [] : description.split('\n').map(line => `#${encode(line)}\n`);
  const deletes = pendingDeletes.length === 0 ? '' : `delete: ${pendingDeletes.join(',')}\n`;
  const waiting = deletes + lines(pending);
  return [...comments, lines(current), waiting === '' ? '' : `\n[PENDING]\n${waiting}`, config.sections].join(
    '',
  );
}

/** The digest of a config is the SHA-1 of its raw text. */
export function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** A value as the API's JSON carries it: whole numbers and booleans as numbers, everything else as text. */
export function jsonValue(key: string, value: string): string | number {
  const type = ruleOf(key)?.type ?? 'string';
  return type === 'string' || value.trim() === '' ? value : Number(value);
}

function lines(values: ReadonlyMap<string, string>): string {
  return [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
}

/** `encode_text`: percent signs, colons and what is no printable ASCII. */
function encode(text: string): string {
  return [...Buffer.from(text)]
    .map(byte =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && byte !== 0x3a
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}
