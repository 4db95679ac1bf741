import { CpuSyntaxError, parseCpuList } from '../../domain/cpu-list.ts';
import { keyType, type KeyType } from './config-keys.ts';
import { parseNumaCell } from './numa-cell.ts';
import { parseProperties, parseTruth } from './property-string.ts';
import { isTag, splitTags } from './tags.ts';

/** A value as the parser keeps it, or its words against it. */
export type CheckedValue =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly fault: string };

/**
 * Checks a value as the node's parser does when it reads a file (qemu-server, `check_type`): types, and the formats of
 * those keys that matter here. Minima and enumerations are checked by the API only, and not here.
 */
export function checkConfigValue(key: string, value: string): CheckedValue {
  const type = keyType(key);
  if (type === null) return { ok: false, fault: `unknown setting '${key}'` };
  return type === 'string' ? checkString(key, value) : checkPlain(type, value);
}

function checkPlain(type: Exclude<KeyType, 'string'>, value: string): CheckedValue {
  if (type === 'boolean') {
    const truth = parseTruth(value);
    if (truth !== null) return { ok: true, value: truth ? '1' : '0' };
  } else if (type === 'integer' ? /^\d+$/.test(value) : /^\d+(\.\d+)?$/.test(value)) {
    return { ok: true, value: type === 'integer' ? value.replace(/^0+(?=\d)/, '') : value };
  }
  return { ok: false, fault: `type check ('${type}') failed - got '${value}'` };
}

/** Strings without a format lose the quotes around them. */
const UNFORMATTED = new Set(['lock', 'hugepages', 'arch', 'machine', 'name', 'parent', 'cicustom']);

function checkString(key: string, value: string): CheckedValue {
  const fault = formatFault(key, value);
  if (fault !== null) return { ok: false, fault };
  const quoted = UNFORMATTED.has(key) && value.length > 1 && value.startsWith('"') && value.endsWith('"');
  return { ok: true, value: quoted ? value.slice(1, -1) : value };
}

function formatFault(key: string, value: string): string | null {
  if (key === 'affinity') return isCpuList(value) ? null : 'invalid format - unable to parse cpuset option';
  if (key === 'memory') return isMemory(value) ? null : 'invalid format - format error';
  if (key === 'tags') {
    const odd = splitTags(value).find(tag => !isTag(tag));
    return odd === undefined ? null : `invalid format - invalid characters in tag`;
  }
  const cell = /^numa(\d)$/.exec(key);
  if (cell === null) return null;
  const read = parseNumaCell(Number(cell[1]), value);
  return typeof read === 'string' ? read : null;
}

function isCpuList(value: string): boolean {
  try {
    return !parseCpuList(value).isEmpty;
  } catch (error) {
    if (error instanceof CpuSyntaxError) return false;
    throw error;
  }
}

function isMemory(value: string): boolean {
  const parts = parseProperties(value, 'current');
  return parts !== null && [...parts].every(([key, part]) => key === 'current' && /^\d{1,15}$/.test(part));
}
