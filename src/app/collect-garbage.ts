import type { Ledger, LedgerEntry, ProcessId } from '../domain/ledger.ts';
import type { QemuProcess } from '../formats/proc/qemu-processes.ts';

/** What runs on the node now. */
export interface Running {
  readonly boot: string;
  readonly nowSeconds: number;
  readonly qemus: readonly QemuProcess[];
  readonly isAlive: (process: ProcessId) => boolean;
  /** Whether a program of a launch with this marker still runs. */
  readonly isLaunching: (marker: string) => boolean;
}

/** The entries that still hold something, and the QEMU processes that no entry explains. */
export interface LiveEntries {
  readonly ledger: Ledger;
  readonly unexplained: readonly QemuProcess[];
}

/**
 * Takes out of a ledger what holds nothing any more. No step relies on an earlier hook having ended well:
 *
 * 1. Entries of another boot go.
 * 2. A claim stays while exactly its process runs (pid and start time).
 * 3. A lease whose guest's QEMU runs becomes that process's claim when its owner is gone, else it stays a lease:
 *    its owner is about to confirm it.
 * 4. A lease without QEMU stays until it expires while its owner runs or, when the hook was killed, while a
 *    program of its launch does.
 */
export function collectGarbage(ledger: Ledger, running: Running): LiveEntries {
  const entries = ledger.boot === running.boot ? ledger.entries : [];
  const live = entries.flatMap(entry => {
    const kept = liveEntry(entry, running);
    return kept === null ? [] : [kept];
  });
  const claimed = new Set(live.map(entry => entry.process));
  const leased = new Set(live.filter(entry => entry.process === null).map(entry => entry.vm));
  return {
    ledger: { ...ledger, boot: running.boot, entries: live },
    unexplained: running.qemus.filter(qemu => !claimed.has(qemu.process) && !leased.has(qemu.name)),
  };
}

function liveEntry(entry: LedgerEntry, running: Running): LedgerEntry | null {
  if (entry.process !== null) return running.isAlive(entry.process) ? entry : null;
  const { owner, expires } = entry.claim;
  const ownerRuns = owner !== undefined && running.isAlive(owner);
  const qemu = running.qemus.find(({ name }) => name === entry.vm);
  if (qemu !== undefined) return ownerRuns ? entry : confirmed(entry, qemu.process);
  if (expires === undefined || expires <= running.nowSeconds) return null;
  return ownerRuns || (entry.marker !== null && running.isLaunching(entry.marker)) ? entry : null;
}

/** A lease turned into the claim of this process. */
export function confirmed(entry: LedgerEntry, process: ProcessId): LedgerEntry {
  const { vm, cells, emulator, devices } = entry.claim;
  return {
    ...entry,
    process,
    marker: null,
    claim: {
      vm,
      source: 'observed',
      cells,
      ...(emulator === undefined ? {} : { emulator }),
      ...(devices === undefined ? {} : { devices }),
    },
  };
}
