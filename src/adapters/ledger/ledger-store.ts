import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerStore, NodePort } from '../../app/ports.ts';
import { emptyLedger } from '../../domain/ledger.ts';
import { readBootId } from '../../formats/proc/process-id.ts';
import { writeFailure } from '../local/write-failure.ts';
import { fileLock } from './file-lock.ts';
import { parseLedger } from '../../formats/ledger/parse-ledger.ts';
import { sweepLeftovers } from './sweep-leftovers.ts';

/** The modes let the group (oneadmin's on OpenNebula hosts) read and replace the file. */
const LEDGER_MODE = 0o660;
const NAME = 'ledger.json';

/** Where a node's ledger is. */
export interface LedgerPlace {
  readonly node: NodePort;
  /** The state folder as the node names it. */
  readonly folder: string;
  /** Where that node's `/` lies on this machine: `/`, or the tree of `--root`. */
  readonly root: string;
  /** How long to wait for the lock; LOCK_WAIT_SECONDS when absent. */
  readonly waitSeconds?: number;
}

/** The ledger as one JSON file, `ledger.json`, in the state folder, under the flock of `lock` beside it. */
export function ledgerStore({ node, folder, root, waitSeconds }: LedgerPlace): LedgerStore {
  const path = join(folder, NAME);
  const lock = fileLock(join(root, folder, 'lock'), waitSeconds);
  return {
    acquire: () => lock.acquire(),
    read() {
      const text = node.files.read(path);
      // A file that is there and cannot be read may hold a lease: it is damaged, not missing.
      if (text === null && !node.files.list(folder).includes(NAME))
        return { ledger: emptyLedger(readBootId(node.files)), warning: null };
      const ledger = text === null ? null : parseLedger(text);
      if (ledger !== null) return { ledger, warning: null };
      const aside = join(folder, `ledger.damaged-${new Date().toISOString().replaceAll(':', '')}`);
      setAside(join(root, path), join(root, aside));
      return {
        ledger: emptyLedger(readBootId(node.files)),
        warning: `The ledger ${path} was damaged: it is now ${aside}, and what is taken was read anew from the guests that run.`,
      };
    },
    write(ledger) {
      node.writeAtomically(path, `${JSON.stringify(ledger)}\n`, LEDGER_MODE);
      sweepLeftovers(node, folder);
    },
  };
}

/** Renames it, whatever it is: that needs no space and nothing of its content. */
function setAside(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (cause) {
    throw writeFailure(from, cause);
  }
}
