import type { Usage } from '../../engine/usage.ts';

const COLUMNS = [
  'node',
  'guest',
  'source',
  'cpus',
  'memory_mib',
  'dedicated',
  'shared',
  'emulator',
  'cost',
] as const;

/** One line a guest, for billing (RFC 4180: lines end in CRLF, a quote in a quoted field is doubled). */
export function usageCsv(node: string, usage: Usage): string {
  const rows = usage.guests.map(({ vm, source, cpus, memoryMiB, cost }) => [
    node,
    vm,
    source,
    cpus,
    memoryMiB,
    cost.dedicated,
    cost.shared,
    cost.emulator,
    cost.total,
  ]);
  return [COLUMNS, ...rows].map(row => `${row.map(field).join(',')}\r\n`).join('');
}

/**
 * A field, quoted where it must be. A name that begins like a formula gets a quote in front, which keeps a spreadsheet from
 * running it (OWASP, CSV injection).
 */
function field(value: string | number): string {
  if (typeof value === 'number') return `${value}`;
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
