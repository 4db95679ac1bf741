import type { RemoteNode } from '../adapters/node-access/open-remote-node.ts';
import type { NodeSettings } from '../domain/node-settings.ts';
import { AppError, EXIT } from '../domain/app-error.ts';
import { nearest } from '../domain/nearest.ts';
import { withProgress } from './with-progress.ts';
import { openObserved, stateFolderOf, type ObservedNode } from './observed-host.ts';

/** One round trip of a login and some megabytes. */
const USUAL_SECONDS = 2;

/** Which node a verb is about: a tree, one of nodes.yaml, or this machine. */
export interface NodeChoice {
  readonly root: string | undefined;
  /** The name in nodes.yaml. */
  readonly node?: string | undefined;
  /** Patterns of files that are read besides, of a node over SSH. */
  readonly further?: readonly string[];
  /** Who opens it shows by itself how far it is. */
  readonly silent?: true;
}

/** A node that is open for looking; `close` when done, or the process stays. */
export interface OpenedNode extends ObservedNode {
  /** Over SSH; null for this machine and for trees. */
  readonly remote: RemoteNode | null;
  close(): void;
}

/**
 * Opens a node for verbs that only look. One of nodes.yaml is read in one round trip over SSH, so that all it shows is of
 * one moment. Throws an AppError: exit 4 when it cannot be reached, 2 when nothing says how.
 */
export async function openNode(choice: NodeChoice): Promise<OpenedNode> {
  if (choice.node === undefined)
    return { ...openObserved(choice.root), remote: null, close: () => undefined };
  const named = await namedNode(choice);
  const { sshTarget } = await import('../adapters/node-access/node-targets.ts');
  const target = sshTarget(named);
  if (target === null)
    throw new AppError(
      'ssh-missing',
      EXIT.usage,
      `The API tells nothing of the cells and CPUs of ${named.name}: add "ssh" to its entry in ${named.path}.`,
    );
  const { openRemoteNode } = await import('../adapters/node-access/open-remote-node.ts');
  const open = () => openRemoteNode(target, choice.further);
  const remote = await (choice.silent === true
    ? open()
    : withProgress(`reading ${named.name}`, USUAL_SECONDS, open));
  return {
    node: remote.node,
    stateFolder: stateFolderOf(remote.node),
    remote,
    close: () => {
      remote.ssh.close();
    },
  };
}

/** Opens a node, does `work` and closes it, whatever happens. */
export async function withNode<T>(
  choice: NodeChoice,
  work: (opened: OpenedNode) => Promise<T> | T,
): Promise<T> {
  const opened = await openNode(choice);
  try {
    return await work(opened);
  } finally {
    opened.close();
  }
}

/** An entry of nodes.yaml, as adapters take it. */
export interface NamedEntry {
  readonly name: string;
  readonly settings: NodeSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The nodes.yaml that it is from. */
  readonly path: string;
}

/** Finds the entry that `--node` names. Throws an AppError naming the nearest one. */
export async function namedNode({ root, node }: NodeChoice): Promise<NamedEntry> {
  if (root !== undefined)
    throw new AppError(
      'options-exclude',
      EXIT.usage,
      'Both --root and --node are given, but one node is meant: leave one of them out.',
    );
  const environment = process.env;
  const { findNodesFile } = await import('../adapters/node-access/nodes-file.ts');
  const { path, text } = findNodesFile(environment);
  const { readNodes } = await import('../documents/parse-nodes.ts');
  const nodes = readNodes(text, path);
  const name = node ?? '';
  const settings = Object.hasOwn(nodes, name) ? nodes[name] : undefined;
  if (settings !== undefined) return { name, settings, environment, path };
  const near = nearest(name, Object.keys(nodes));
  throw new AppError(
    'node-unknown',
    EXIT.usage,
    `${path} has no node ${JSON.stringify(name.slice(0, 60))}${near === undefined ? '' : `; the nearest is "${near}"`}: correct the name, or add its entry.`,
  );
}

/** The names of these nodes, each of which nodes.yaml has; all of it when none are named. Throws an AppError naming the nearest. */
export async function namedNodes(names: readonly string[]): Promise<readonly string[]> {
  if (names.length > 0) {
    for (const node of names) await namedNode({ root: undefined, node });
    return [...new Set(names)];
  }
  const { findNodesFile } = await import('../adapters/node-access/nodes-file.ts');
  const { path, text } = findNodesFile(process.env);
  const { readNodes } = await import('../documents/parse-nodes.ts');
  const all = Object.keys(readNodes(text, path));
  if (all.length > 0) return all;
  throw new AppError('nodes-missing', EXIT.usage, `${path} names no node: add an entry for each.`);
}
