import type { NodePort } from '../../app/ports.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { openSshNode, type SshNode } from '../ssh/open-ssh-node.ts';
import type { SshTarget } from '../ssh/ssh-target.ts';
import { NODE_FILES } from './node-files.ts';

/** A node over SSH, and how it was when it was opened. */
export interface RemoteNode {
  /** For verbs that only look: its files are a snapshot, writing does nothing, `run` asks the node. */
  readonly node: NodePort;
  readonly ssh: SshNode;
}

/**
 * Logs in and reads all that a node is judged by in one round trip, and files of these further patterns. Throws an AppError
 * with exit 4.
 */
export async function openRemoteNode(
  target: SshTarget,
  further: readonly string[] = [],
): Promise<RemoteNode> {
  const ssh = await openSshNode(target, { ...NODE_FILES, patterns: [...NODE_FILES.patterns, ...further] });
  const { files } = ssh;
  const name = (files.read('/proc/sys/kernel/hostname') ?? '').trim().split('.')[0] ?? '';
  if (name === '' || files.read('/sys/devices/system/cpu/online') === null) {
    ssh.close();
    throw new AppError(
      'node-not-linux',
      EXIT.unreachable,
      `${target.host} shows no /proc and /sys of a Linux kernel to ${target.user}: log in as a user who may read them, on the node itself.`,
    );
  }
  return {
    ssh,
    node: {
      name,
      files,
      run: (argv, options) => ssh.run(argv, options),
      writeAtomically: () => undefined,
      writeInPlace: () => 'EROFS',
      remove: () => undefined,
      makeFolder: () => 'EROFS',
      removeFolder: () => 'EROFS',
    },
  };
}
