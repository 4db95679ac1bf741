import { openTreeNode } from '../adapters/embedded/tree-node.ts';
import { FALLBACK_FOLDER, RUN_FOLDER } from '../adapters/ledger/state-folder.ts';
import { localNode } from '../adapters/local/local-node.ts';
import type { NodePort } from '../app/ports.ts';
import { readHost } from '../app/read-host.ts';
import { LIMITS } from '../documents/limits.ts';
import { parseHost } from '../documents/parse-host.ts';
import { readJson } from '../documents/read-json.ts';
import { AppError, EXIT } from '../domain/app-error.ts';
import type { Capture } from '../domain/capture.ts';
import type { Host } from '../domain/host.ts';
import { checkPolicy } from '../engine/request/check-policy.ts';
import { readText } from './input.ts';
import { ledgerAsItLies, nodeTools } from './node-tools.ts';

/** UTF-8 has at most this many bytes a character. */
const CHARACTER_BYTES = 4;

/** A node for verbs that only look: what is asked of it changes nothing. */
export interface ObservedNode {
  readonly node: NodePort;
  /** Where its state lies: the folder that has a ledger, else the usual one. */
  readonly stateFolder: string;
}

/** This machine, or the tree below `root`. */
export function openObserved(root: string | undefined): ObservedNode {
  const node = root === undefined ? localNode() : openTreeNode(root);
  const reader: NodePort = { ...node, writeAtomically: () => undefined, remove: () => undefined };
  return { node: reader, stateFolder: stateFolderOf(node) };
}

/** The state folder that has a ledger, else the usual one. */
export function stateFolderOf({ files }: Pick<NodePort, 'files'>): string {
  const found = [RUN_FOLDER, FALLBACK_FOLDER].find(folder => files.read(`${folder}/ledger.json`) !== null);
  return found ?? RUN_FOLDER;
}

/** What the node has and what is taken now. Throws an AppError when its policy contradicts itself. */
export async function observedHost({ node, stateFolder }: ObservedNode): Promise<Host> {
  const { domains, policy } = await nodeTools(node, stateFolder);
  const host = await readHost({ node, domains, policy, ledger: ledgerAsItLies(node, stateFolder) });
  return sound(host);
}

/** A host document or a capture; `-` reads standard input. Throws an AppError when its policy contradicts itself. */
export async function documentedHost(file: string): Promise<Host & Partial<Capture>> {
  const text = await readText(file, CHARACTER_BYTES * LIMITS.textLength);
  return sound(parseHost(readJson(text, 'the host document')));
}

function sound<T extends Host>(host: T): T {
  const [fault] = checkPolicy(host);
  if (fault !== undefined) throw new AppError(fault.code, EXIT.usage, fault.summary);
  return host;
}
