import type { DriftCause } from '../../domain/drift.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { heldCpus } from './wanted-placement.ts';
import type { Finding } from './finding.ts';
import type { Observed } from './observed.ts';

/**
 * What is left of guests that no longer run: ledger entries, and files that were made for them. A guest that runs again in
 * another process, and whose own record says where it belongs, is told as restarted.
 */
export function findStale(seen: Observed): readonly Finding[] {
  return [
    ...seen.dropped.flatMap(entry => staleEntry(entry, seen)),
    ...seen.staleFiles.map(
      ({ vm, path }): Finding => ({
        drift: { code: 'file-stale', cause: 'process-gone', vm, subject: path, wanted: '', actual: path },
        guest: null,
        entry: null,
        remedy: { kind: 'remove-file', path },
      }),
    ),
  ];
}

function staleEntry(entry: LedgerEntry, seen: Observed): Finding[] {
  const { vm } = entry;
  const guest = seen.guests.find(one => one.vm === vm) ?? null;
  const now = seen.entries.find(one => one.vm === vm && one.process === guest?.process);
  // A guest that runs again and has no place yet is told where that is mended.
  if (guest !== null && (now === undefined || now.foreign !== null) && entry.placement !== null) return [];
  const isRestarted = guest !== null && entry.process !== null;
  return [
    {
      drift: {
        code: isRestarted ? 'guest-restarted' : 'entry-stale',
        cause: isRestarted ? 'restarted' : causeOf(entry, seen),
        vm,
        subject: 'ledger entry',
        wanted: guest?.process ?? '',
        actual: `${entry.process ?? 'lease'} on ${heldCpus(entry).toString() || 'no CPUs'}`,
      },
      guest,
      entry,
      remedy: { kind: 'record' },
    },
  ];
}

function causeOf(entry: LedgerEntry, { boot, ledgerBoot }: Observed): DriftCause {
  if (boot !== ledgerBoot) return 'other-boot';
  return entry.process === null ? 'lease-expired' : 'process-gone';
}
