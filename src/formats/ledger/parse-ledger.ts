import type { Placement } from '../../domain/decision.ts';
import type { Ledger, LedgerEntry } from '../../domain/ledger.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { parseCounters } from './parse-counters.ts';

/**
 * The ledger in this text, or null when it is damaged: no JSON, another kind or version, or an entry that would
 * mislead a decision. Counters that are damaged are left out. Written by hand, because a schema library costs more than the whole decision.
 */
export function parseLedger(text: string): Ledger | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || value['kind'] !== 'pinfold/ledger' || value['version'] !== 1) return null;
  if (typeof value['boot'] !== 'string' || !Array.isArray(value['entries'])) return null;
  if (!value['entries'].every(isLedgerEntry)) return null;
  const counters = parseCounters(value['counters']);
  if (counters === null) delete value['counters'];
  return value as unknown as Ledger;
}

/** Whether this is a ledger entry that would mislead no decision. */
export function isLedgerEntry(entry: unknown): entry is LedgerEntry {
  return (
    isRecord(entry) &&
    typeof entry['vm'] === 'string' &&
    isClaim(entry['claim']) &&
    isNullOr(entry['process'], isProcessId) &&
    isNullOr(entry['marker'], isString) &&
    isNullOr(entry['placement'], isPlacement) &&
    isNullOr(entry['foreign'], isForeign) &&
    (entry['request'] === undefined || isRequest(entry['request'])) &&
    (entry['wished'] === undefined || isRequest(entry['wished'])) &&
    (entry['step'] === undefined || isStep(entry['step'])) &&
    (entry['process'] !== null || isProcessId((entry['claim'] as Record<string, unknown>)['owner']))
  );
}

/** Its options are read again by the engine, which answers for what is wrong in them. */
export function isRequest(request: unknown): request is PlacementRequest {
  return (
    isRecord(request) &&
    typeof request['vm'] === 'string' &&
    isNumber(request['vcpus']) &&
    isNumber(request['memoryMiB'])
  );
}

function isStep(step: unknown): boolean {
  return isRecord(step) && isPlacement(step['to']) && isClaim(step['claim']) && isProcessId(step['owner']);
}

function isClaim(claim: unknown): boolean {
  return (
    isRecord(claim) &&
    typeof claim['vm'] === 'string' &&
    (claim['source'] === 'observed' || claim['source'] === 'leased') &&
    Array.isArray(claim['cells']) &&
    claim['cells'].every(isCell) &&
    (claim['devices'] === undefined || isStrings(claim['devices'])) &&
    (claim['emulator'] === undefined || isNullOr(claim['emulator'], isEmulator))
  );
}

function isCell(cell: unknown): boolean {
  return (
    isRecord(cell) &&
    isCpuList(cell['pcpus']) &&
    (cell['burnt'] === undefined || isCpuList(cell['burnt'])) &&
    isNullOr(cell['pageSizeKiB'], isNumber) &&
    ['hostCell', 'sharedVcpus', 'memoryMiB', 'pages'].every(key => isNumber(cell[key]))
  );
}

function isEmulator(emulator: unknown): boolean {
  return isRecord(emulator) && isCpuList(emulator['cpus']) && isNumber(emulator['share']);
}

/** Whether this can be followed: its pins are CPU sets. */
export function isPlacement(placement: unknown): placement is Placement {
  return (
    isRecord(placement) &&
    isRecord(placement['pins']) &&
    Object.values(placement['pins']).every(isCpuList) &&
    isRecord(placement['iothreads']) &&
    Object.values(placement['iothreads']).every(isCpuList) &&
    isEmulator(placement['emulator'])
  );
}

function isForeign(foreign: unknown): boolean {
  return isRecord(foreign) && isNullOr(foreign['memoryMiB'], isNumber) && isNumber(foreign['vcpus']);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every(isString);
}

function isNullOr(value: unknown, test: (value: unknown) => boolean): boolean {
  return value === null || test(value);
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** In the kernel's list syntax, as it was written. Four digits: the kernel counts to 8191 (NR_CPUS_RANGE_END). */
function isCpuList(value: unknown): boolean {
  if (typeof value !== 'string' || !/^(\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*)?$/.test(value)) return false;
  return !value.includes('-') || value.split(',').every(isAscending);
}

function isAscending(range: string): boolean {
  const [first, last = first] = range.split('-').map(Number);
  return first! <= last!;
}

function isProcessId(value: unknown): boolean {
  return typeof value === 'string' && /^\d+:\d+$/.test(value);
}
