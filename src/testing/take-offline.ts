import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import { readQemuProcesses } from '../formats/proc/qemu-processes.ts';
import type { PlacedNode } from './placed-node.ts';

/**
 * Takes a CPU offline as the kernel does: it leaves every list, and a thread that has no other falls back to all that are left.
 * What is answered puts it into the lists again, and changes no mask, as the kernel does not either.
 */
export function takeOffline(node: PlacedNode, cpu: number): () => void {
  const gone = CpuSet.of([cpu]);
  const cells = parseCpuList(node.read('/sys/devices/system/node/online').trim());
  const paths = [
    '/sys/devices/system/cpu/online',
    ...[...cells].map(cell => `/sys/devices/system/node/node${cell}/cpulist`),
  ];
  const files = paths.map(path => [path, node.read(path)] as const);
  for (const [path, text] of files) node.put(path, `${parseCpuList(text.trim()).minus(gone).toString()}\n`);
  const online = parseCpuList(node.read(paths[0]!).trim());
  for (const { name } of readQemuProcesses(node.node.files))
    for (const { tid, allowed } of node.threads(name)) {
      const left = allowed.minus(gone);
      if (allowed.intersects(gone)) node.setMask(name, tid, (left.isEmpty ? online : left).toString());
    }
  return () => {
    for (const [path, text] of files) node.put(path, text);
  };
}
