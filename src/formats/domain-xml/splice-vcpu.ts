import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Edit } from '../xml/edits.ts';
import { blankStart } from '../xml/layout.ts';
import { childNamed } from '../xml/xml-element.ts';
import type { SpliceTask } from './splice-task.ts';

/**
 * `<vcpu>`: placement by numad is switched off, and `cpuset` goes, because every thread has a pin of its own; only
 * where vCPUs may be plugged in later it names the guest's own CPUs, so that a new one does not roam the node.
 */
export function spliceVcpu({ root, layout, domain, placement }: SpliceTask): Edit[] {
  const vcpu = childNamed(root, 'vcpu');
  if (vcpu === undefined) return [];
  const pinned = Object.values(placement.pins);
  const wanted = pinned.length < domain.maxVcpus ? CpuSet.union(pinned.map(parseCpuList)).toString() : null;
  const edits: Edit[] = [];
  for (const { name, value, start, end } of vcpu.attributes) {
    if (name === 'placement' && value.trim() === 'auto')
      edits.push({ start, end, text: "placement='static'" });
    if (name !== 'cpuset' || domain.vcpuCpuset === wanted) continue;
    edits.push(
      wanted === null
        ? { start: blankStart(layout.source, start), end, text: '' }
        : { start, end, text: `cpuset='${wanted}'` },
    );
  }
  if (wanted !== null && domain.vcpuCpuset === null)
    edits.push({ start: vcpu.openEnd - 1, end: vcpu.openEnd - 1, text: ` cpuset='${wanted}'` });
  return edits;
}
