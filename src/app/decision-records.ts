import type { DecisionRecord } from '../domain/decision-record.ts';
import type { TextTree } from '../formats/text-tree.ts';
import type { NodePort } from './ports.ts';

/** A file name of at most 255 bytes, whatever the guest is called. */
const LONGEST_NAME = 200;

const folderOf = (stateFolder: string) => `${stateFolder}/decisions`;
const fileOf = (vm: string) => `${encodeURIComponent(vm).slice(0, LONGEST_NAME)}.json`;

/**
 * Remembers with what a running guest's place was decided, so that it can be explained later, and forgets guests that are gone
 * (`live`: the names of those that are not). Written after the launch, when nobody waits for it; a failure loses an
 * explanation, nothing else.
 */
export function recordDecision(
  node: NodePort,
  stateFolder: string,
  { record, live }: { readonly record: DecisionRecord; readonly live: readonly string[] },
): void {
  const folder = folderOf(stateFolder);
  try {
    node.writeAtomically(`${folder}/${fileOf(record.vm)}`, JSON.stringify(record), 0o660);
    const kept = new Set([record.vm, ...live].map(fileOf));
    for (const name of node.files.list(folder)) if (!kept.has(name)) node.remove(`${folder}/${name}`);
  } catch {
    // The guest runs; "explain" then says what would happen now.
  }
}

/** The record's text as it lies there, or null. Whoever reads it checks it as any document from outside. */
export function readDecisionRecord(files: TextTree, stateFolder: string, vm: string): string | null {
  return files.read(`${folderOf(stateFolder)}/${fileOf(vm)}`);
}
