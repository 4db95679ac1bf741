import type { ClaimCell } from '../../domain/claim.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { HostModel } from '../../engine/host-model.ts';

/**
 * A guest's claim cells without the siblings that nobody burns any more: when a vCPU has left its core, the idle siblings
 * there are free for others. Kept are the siblings of each CPU that a thread of the guest has. Of a sibling that is offline the kernel
 * does not say whose it is: it stays while a core on which the guest runs lacks one, or a CPU of its own is offline, too.
 */
export function withoutIdleCores(cells: readonly ClaimCell[], model: HostModel): ClaimCell[] {
  const run = CpuSet.union(
    cells.map(({ pcpus, burnt }) => parseCpuList(pcpus).minus(parseCpuList(burnt ?? ''))),
  );
  const cores = model.cells.flatMap(cell => cell.cores.members);
  const most = Math.max(1, ...cores.map(core => core.length));
  const own = cores.filter(core => core.some(cpu => run.has(cpu)));
  const siblings = CpuSet.of(own.flat());
  const { online } = model.policy;
  const lacksOne = own.some(core => core.length < most) || !run.isSubsetOf(online);
  return cells.map(({ burnt: text, ...cell }) => {
    const burnt = parseCpuList(text ?? '');
    const kept = burnt.intersect(siblings).union(lacksOne ? burnt.minus(online) : CpuSet.EMPTY);
    const pcpus = parseCpuList(cell.pcpus).minus(burnt.minus(kept)).toString();
    return { ...cell, pcpus, ...(kept.isEmpty ? {} : { burnt: kept.toString() }) };
  });
}
