import { AppError, EXIT } from '../../domain/app-error.ts';
import { clip } from '../../domain/cpu-list.ts';
import { nearest } from '../../domain/nearest.ts';
import { checkConfigValue } from './check-config-value.ts';
import { keyType, PLAIN_KEYS } from './config-keys.ts';
import { isBlank } from './config-text.ts';
import { parseVmConfig } from './parse-vm-config.ts';
import type { ConfigLine, VmConfig } from './vm-config.ts';

/** New values by key; null takes the key away. */
export type ConfigChanges = Readonly<Record<string, string | null>>;

/** pmxcfs keeps no file above 1 MiB (pve-cluster, `CFS_MAX_FILE_SIZE`). */
const LONGEST = 1024 * 1024;

/**
 * The configuration with these keys of its main section changed, and nothing else: every other line stays byte for
 * byte, comments, order, pending changes and snapshots included.
 *
 * 1. A key that is there gets its value on its last line, which is the one that counts.
 * 2. A new key goes in front of the first key that sorts behind it, else behind the last one.
 * 3. A key that is taken away loses all its lines.
 *
 * @throws AppError for what Proxmox VE would not keep: an unknown key, a value that its parser refuses, a text that
 * is too long or holds bytes that are no UTF-8
 */
export function editVmConfig(text: string, changes: ConfigChanges): string {
  if (text.includes('\uFFFD') || text.includes('\0'))
    throw refusal(
      'The configuration holds bytes that are no text, so it is not changed: repair it with "qm config" and "qm set" first.',
    );
  let edited = text;
  for (const [key, value] of Object.entries(changes)) {
    if (value !== null) checkChange(key, value);
    edited = value === null ? withoutKey(edited, key) : withKey(edited, key, value);
  }
  // What a surrogate or a character beyond ASCII takes in bytes is at most three times its code units.
  if (edited.length > LONGEST / (isAscii(edited) ? 1 : 3))
    throw refusal(
      `With these changes the configuration would be longer than the ${LONGEST / 1024 / 1024} MiB that Proxmox VE keeps: remove snapshots or shorten the notes.`,
    );
  return edited;
}

function refusal(sentence: string): AppError {
  return new AppError('vm-config-refused', EXIT.usage, sentence);
}

function checkChange(key: string, value: string): void {
  if (key === 'description')
    throw refusal(
      'The description of a VM is no key of its configuration file: change it with "qm set --description".',
    );
  if (keyType(key) === null)
    throw refusal(
      `Proxmox VE does not know the key "${clip(key)}" and would drop it at its next write; the nearest that it knows is "${nearest(key, PLAIN_KEYS)!}".`,
    );
  if (value === '' || isBlank(value[0]!) || isBlank(value.at(-1)!) || value.includes('\n'))
    throw refusal(
      `The value ${JSON.stringify(clip(value))} of "${key}" cannot stand in a configuration: it must be one line that neither begins nor ends with white space.`,
    );
  const checked = checkConfigValue(key, value);
  if (!checked.ok)
    throw refusal(
      `Proxmox VE does not take ${JSON.stringify(clip(value))} for "${key}": ${checked.fault.replaceAll('\n', ', ')}.`,
    );
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

function linesOf(config: VmConfig, key: string): readonly ConfigLine[] {
  return config.main.lines.filter(line => line.kind === 'value' && line.key === key);
}

function withoutKey(text: string, key: string): string {
  let edited = text;
  for (const { start, end } of [...linesOf(parseVmConfig(text), key)].reverse())
    edited = edited.slice(0, start) + edited.slice(end);
  return edited;
}

function withKey(text: string, key: string, value: string): string {
  const config = parseVmConfig(text);
  const old = linesOf(config, key).at(-1);
  if (old !== undefined)
    return `${text.slice(0, old.start)}${key}: ${value}${text.slice(old.start + old.text.length)}`;
  const keys = config.main.lines.flatMap(line => (line.kind === 'value' ? [line] : []));
  const behind = keys.find(line => line.key > key);
  const last = keys.at(-1) ?? config.main.lines.filter(({ kind }) => kind !== 'blank').at(-1);
  const at = behind?.start ?? last?.end ?? 0;
  const line = `${key}: ${value}${endOfLine(behind ?? last, text)}`;
  const needsFeed = at > 0 && !text.slice(0, at).endsWith('\n');
  return `${text.slice(0, at)}${needsFeed ? '\n' : ''}${line}${text.slice(at)}`;
}

/** The line's own end, so that a text with carriage returns stays one. */
function endOfLine(line: ConfigLine | undefined, text: string): string {
  if (line === undefined) return '\n';
  const end = text.slice(line.start + line.text.length, line.end);
  return end === '' ? '\n' : end;
}
