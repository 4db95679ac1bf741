import { spawnSync } from 'node:child_process';
import { closeSync, openSync, realpathSync } from 'node:fs';

import { AppError, EXIT } from '../../domain/app-error.ts';
import type { TreeFiles } from './tree-files.ts';

/** Seconds to wait for the other processes on the tree; one of their calls takes milliseconds. */
const PATIENCE_S = 30;

/**
 * Does `work` while no other process changes the tree's processes, pages and domains, as one kernel and one
 * libvirt daemon would serialise it. The lock is a kernel flock: Node has no call for it, so flock(1) locks the
 * descriptor that it inherits and the lock stays with ours. It dies with its holder, however that ends. What is locked is
 * the tree's own folder, so that no file of the tree has to be writable for it.
 */
export function withTreeLock<T>(files: Pick<TreeFiles, 'root'>, work: () => T): T {
  if (held.has(files.root)) return work();
  const giveBack = lock(files.root);
  try {
    return work();
  } finally {
    giveBack();
  }
}

/** Trees that this process holds for longer than one call. */
const held = new Set<string>();

/**
 * Keeps a tree for this process until it is given back, for whoever calls thousands of its programs one after the other: each
 * lock costs a process. Others wait for it as for a call.
 */
export function holdTree(root: string): () => void {
  const path = realpathSync(root);
  const giveBack = lock(path);
  held.add(path);
  return () => {
    held.delete(path);
    giveBack();
  };
}

function lock(root: string): () => void {
  const file = openSync(root, 'r');
  const { status } = spawnSync('flock', ['-x', '-w', `${PATIENCE_S}`, '3'], {
    stdio: ['ignore', 'ignore', 'ignore', file],
  });
  if (status === 0)
    return () => {
      closeSync(file);
    };
  closeSync(file);
  throw new AppError(
    'E_BUSY',
    EXIT.state,
    `The tree ${root} stayed locked for ${PATIENCE_S} s: end the other Pinfold processes that work on it, and see that flock(1) of util-linux is installed.`,
  );
}
