import type { NodePort } from '../../app/ports.ts';
import { AppError } from '../../domain/app-error.ts';
import { writeFailure } from '../local/write-failure.ts';
import { withOwnTask } from './own-task.ts';
import { kernelFiles } from './kernel-files.ts';
import { TreeFiles } from './tree-files.ts';

/**
 * A node that is a folder (`--root`): its files are the node's files, and its kernel, QEMU and libvirt are
 * stand-ins that change those files as the real ones were seen to. Nothing of the real machine is touched. Any
 * number of processes may work on one tree at a time.
 */
export function openTreeNode(root: string): NodePort {
  const tree = new TreeFiles(root);
  const files = withOwnTask(tree);
  return {
    name: (tree.read('/proc/sys/kernel/hostname') ?? tree.read('/etc/hostname') ?? 'tree').trim(),
    files,
    // The stand-ins are loaded by who starts a program: a decision alone needs only the files.
    run: async (argv, options = {}) => (await import('./run-stand-in.ts')).runStandIn(tree, argv, options),
    writeAtomically: (path, text, mode) => {
      guarded(path, () => {
        tree.write({ path, text, ...(mode === undefined ? {} : { mode }) });
      });
    },
    remove: path => {
      guarded(path, () => {
        tree.remove(path);
      });
    },
    ...kernelFiles(tree),
  };
}

function guarded(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw error instanceof AppError ? error : writeFailure(path, error);
  }
}
