import type { DecisionRecord } from '../domain/decision-record.ts';
import type { Ledger } from '../domain/ledger.ts';
import type { TextTree } from '../formats/text-tree.ts';
import type { NodePort } from './ports.ts';
import type { Asked } from './prepare-start.ts';

/** A file name of at most 255 bytes, whatever the guest is called. */
const LONGEST_NAME = 200;

const folderOf = (stateFolder: string) => `${stateFolder}/decisions`;
const fileOf = (vm: string) => `${encodeURIComponent(vm).slice(0, LONGEST_NAME)}.json`;

/** Where the record of a guest lies. */
export function decisionRecordPath(stateFolder: string, vm: string): string {
  return `${folderOf(stateFolder)}/${fileOf(vm)}`;
}

/**
 * Remembers with what a guest's place was decided, so that it can be explained later. Called when nobody waits for it; a
 * failure loses an explanation, nothing else.
 */
export function recordDecision(
  node: NodePort,
  stateFolder: string,
  { host, request, hostCells }: Asked,
): void {
  if (host === undefined) return;
  const record: DecisionRecord = {
    kind: 'pinfold/decision-record',
    version: 1,
    vm: request.vm,
    seconds: Math.floor(Date.now() / 1000),
    host,
    request,
    ...(hostCells === undefined ? {} : { hostCells }),
  };
  try {
    node.writeAtomically(decisionRecordPath(stateFolder, request.vm), JSON.stringify(record), 0o660);
  } catch {
    // The guest runs; "explain" then says what would happen now.
  }
}

/** Forgets the guests that are gone. Under the node's lock, with all that is known to be taken. */
export function sweepDecisionRecords(node: NodePort, stateFolder: string, { entries }: Ledger): void {
  const folder = folderOf(stateFolder);
  const kept = new Set(entries.map(({ vm }) => fileOf(vm)));
  try {
    for (const name of node.files.list(folder)) if (!kept.has(name)) node.remove(`${folder}/${name}`);
  } catch {
    // The next one tries again.
  }
}

/** The record's text as it lies there, or null. Whoever reads it checks it as any document from outside. */
export function readDecisionRecord(files: TextTree, stateFolder: string, vm: string): string | null {
  return files.read(decisionRecordPath(stateFolder, vm));
}
