import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the suites need of a ledger entry; the file is JSON with `entries`. */
export interface LedgerRecord {
  readonly vm: string;
  readonly process: string | null;
  readonly claim: {
    readonly source: string;
    readonly cells: readonly {
      readonly hostCell: number;
      readonly pcpus: string;
      readonly pages: number;
      readonly pageSizeKiB: number | null;
    }[];
    readonly emulator?: { readonly policy: string; readonly cpus: string; readonly share: number } | null;
  };
  readonly placement: {
    readonly pins: Readonly<Record<string, string>>;
    readonly emulator: { readonly policy: string; readonly cpus: string };
    readonly iothreads: Readonly<Record<string, string>>;
    readonly memoryMode: string;
    readonly nodeset: string;
    readonly cells: readonly {
      readonly guestCell: number;
      readonly hostCell: number;
      readonly vcpus: string;
      readonly memoryMiB: number;
    }[];
  } | null;
}

/** Where the state is: of root, or of a user who may not write to /run. */
const FOLDERS = ['/run/pinfold', '/var/tmp/one-pinfold'] as const;

/** All entries of the ledger, none when there is no ledger. */
export function ledgerRecords(): readonly LedgerRecord[] {
  const path = FOLDERS.map(folder => join(folder, 'ledger.json')).find(file => existsSync(file));
  if (path === undefined) return [];
  return (JSON.parse(readFileSync(path, 'utf8')) as { entries: readonly LedgerRecord[] }).entries;
}

/** Names of all files in root's state folder, which a boot empties. */
export function stateFiles(): string[] {
  return existsSync(FOLDERS[0]) ? readdirSync(FOLDERS[0]) : [];
}
