import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { HostTopology } from '../../domain/host-topology.ts';
import { CGROUP_ROOT } from '../../formats/cgroup/cgroup-file.ts';
import { groupExists, groupsIn } from '../../formats/cgroup/read-cpuset.ts';
import type { TextTree } from '../../formats/text-tree.ts';
import type { DisturbanceFacts, KernelFacts } from './facts.ts';

const THP = '/sys/kernel/mm/transparent_hugepage';
const KSM = '/sys/kernel/mm/ksm';
const MIB = 1024 * 1024;

/** What of the host undoes placement. */
export function gatherDisturbances(files: TextTree, topology: HostTopology): DisturbanceFacts {
  const word = (path: string) => files.read(path)?.trim() ?? null;
  const run = word(`${KSM}/run`);
  const enabled = word(`${THP}/enabled`);
  return {
    numaBalancing: word('/proc/sys/kernel/numa_balancing'),
    // A kernel without NUMA has no such file and one cell.
    merging:
      run === null ? null : { runs: run === '1', acrossCells: word(`${KSM}/merge_across_nodes`) !== '0' },
    irqbalance: { runs: runsIrqbalance(files), banned: bannedCpus(files) },
    zfsCacheMiB: zfsCache(files),
    thp: enabled === null ? null : { enabled: chosen(enabled), defrag: chosen(word(`${THP}/defrag`) ?? '') },
    governors: governors(files, topology),
  };
}

/** What the kernel says of partitions. */
export function gatherKernel(files: TextTree): KernelFacts {
  const controllers = (files.read(`${CGROUP_ROOT}/cgroup.controllers`) ?? '').split(/\s+/);
  const groups = groupsIn(files, '')
    .flatMap(group => [group, ...groupsIn(files, group)])
    .filter(group => groupExists(files, group))
    .map(group => files.list(`${CGROUP_ROOT}${group}`))
    .filter(names => names.includes('cpuset.cpus'));
  return {
    release: files.read('/proc/sys/kernel/osrelease')?.trim() ?? '',
    hasCpusets: controllers.includes('cpuset'),
    hasExclusive: groups.length === 0 ? null : groups.some(names => names.includes('cpuset.cpus.exclusive')),
  };
}

function runsIrqbalance(files: TextTree): boolean {
  return files
    .list('/proc')
    .some(name => /^\d+$/.test(name) && files.read(`/proc/${name}/comm`)?.trim() === 'irqbalance');
}

function bannedCpus(files: TextTree): string {
  for (const path of ['/etc/default/irqbalance', '/etc/sysconfig/irqbalance']) {
    const line = /^\s*IRQBALANCE_BANNED_CPULIST\s*=\s*["']?([0-9,-]*)/m.exec(files.read(path) ?? '');
    if (line !== null) return line[1]!;
  }
  return '';
}

/** `c_max` of ZFS' cache in its kstat file: name, type, bytes. */
function zfsCache(files: TextTree): number | null {
  const bytes = /^c_max\s+\d+\s+(\d+)$/m.exec(files.read('/proc/spl/kstat/zfs/arcstats') ?? '')?.[1];
  return bytes === undefined ? null : Math.ceil(Number(bytes) / MIB);
}

/** The word in brackets, as `always [madvise] never`. */
function chosen(text: string): string {
  return /\[([^\]]*)\]/.exec(text)?.[1] ?? text;
}

function governors(files: TextTree, { cpus }: HostTopology): Readonly<Record<string, string>> {
  const found = new Map<string, number[]>();
  for (const cpu of parseCpuList(cpus.online).toArray()) {
    const governor = files.read(`/sys/devices/system/cpu/cpu${cpu}/cpufreq/scaling_governor`)?.trim();
    if (governor === undefined || governor === '') continue;
    found.set(governor, [...(found.get(governor) ?? []), cpu]);
  }
  return Object.fromEntries([...found].map(([governor, list]) => [governor, CpuSet.of(list).toString()]));
}
