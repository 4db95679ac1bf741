import { hostname } from 'node:os';
import { localFiles } from '../../adapters/local/local-files.ts';
import type { HostTopology } from '../../domain/host-topology.ts';
import { readTopology } from '../../formats/sysfs/read-topology.ts';

/**
 * The topology of this machine, of a node of nodes.yaml, or of the tree below `root`, which is called what its
 * `/proc/sys/kernel/hostname` says, else `unknown`. Throws an AppError when no CPU is known to be online.
 */
export async function topologyCommand({
  root = '/',
  node,
}: {
  readonly root?: string | undefined;
  readonly node?: string | undefined;
}): Promise<HostTopology> {
  if (node !== undefined) {
    const { withNode } = await import('../open-node.ts');
    const given = root === '/' ? undefined : root;
    return withNode({ root: given, node }, opened => readTopology(opened.node.files, opened.node.name));
  }
  const files = localFiles(root);
  const recorded = files.read('/proc/sys/kernel/hostname')?.trim() ?? '';
  const isThisMachine = root.replace(/\/+$/, '') === '';
  return readTopology(files, recorded !== '' ? recorded : isThisMachine ? hostname() : 'unknown');
}
