import { parseCpuList } from '../../../domain/cpu-list.ts';
import { parseCpuSpec } from '../../../domain/cpu-spec.ts';
import { CpuSet } from '../../../domain/cpu-set.ts';
import { shortList } from '../../../formats/map/short-list.ts';
import type { DoctorFacts } from '../facts.ts';
import { ok, skip, warn, type Outcome } from '../outcome.ts';

/** Automatic NUMA balancing unmaps pages to see who uses them, and moves those that are not bound (kernel: sysctl/kernel.rst). */
export function numaBalancing({ topology, disturbances: { numaBalancing: mode } }: DoctorFacts): Outcome {
  if (mode === null || topology.cells.length < 2) return ok('There is nothing to balance between cells.');
  if (mode === '0') return ok('Automatic NUMA balancing is off.');
  return warn(
    `Automatic NUMA balancing is on (kernel.numa_balancing = ${mode}): it costs page faults in guests that are placed, and moves the memory of those that float.`,
    'Switch it off where most guests are placed: "sysctl kernel.numa_balancing=0", and a line in /etc/sysctl.d to keep it so.',
  );
}

/** KSM merges equal pages; across cells it leaves one guest's memory on another one's cell (kernel: mm/ksm.rst). */
export function samePageMerging({ topology, disturbances: { merging } }: DoctorFacts): Outcome {
  if (merging?.runs !== true) return ok('Equal pages are not merged (KSM).');
  if (!merging.acrossCells || topology.cells.length < 2) return ok('KSM merges only pages of the same cell.');
  return warn(
    'KSM merges equal pages across cells, so that guests read memory of a far cell however they are placed.',
    'Stop it ("systemctl disable --now ksmtuned", then "echo 2 > /sys/kernel/mm/ksm/run"), then "echo 0 > /sys/kernel/mm/ksm/merge_across_nodes".',
  );
}

/** irqbalance puts interrupts on any CPU that it is not told to leave alone (irqbalance(1)). */
export function irqbalance({ operator: { policy }, disturbances }: DoctorFacts): Outcome {
  const { runs, banned } = disturbances.irqbalance;
  if (!runs) return ok('irqbalance does not run.');
  const dedicated = parseCpuSpec(policy?.cpu_dedicated_set ?? '');
  if (dedicated.isEmpty) return ok('irqbalance runs, and no CPUs are dedicated.');
  const open = dedicated.minus(cpusOr(banned));
  if (open.isEmpty) return ok('irqbalance leaves the dedicated CPUs alone.');
  return warn(
    `irqbalance may send interrupts to the dedicated CPUs ${shortList(open)}.`,
    `Put IRQBALANCE_BANNED_CPULIST="${dedicated.toString()}" into /etc/default/irqbalance, then "systemctl restart irqbalance".`,
  );
}

/** CPUs that isolcpus took from the kernel's scheduler serve one-to-one pins alone. */
export function isolatedCpus({ topology, operator: { policy } }: DoctorFacts): Outcome {
  const isolated = cpusOr(topology.cpus.isolated ?? '');
  if (isolated.isEmpty) return ok("No CPU is taken from the kernel's scheduler (isolcpus).");
  const floating = isolated.intersect(parseCpuSpec(policy?.cpu_shared_set ?? ''));
  if (!floating.isEmpty)
    return warn(
      `CPUs ${shortList(floating)} of cpu_shared_set are isolated (isolcpus), where threads that float would pile up on one CPU, so nothing floats there.`,
      "Take them out of cpu_shared_set, or out of isolcpus on the kernel's command line.",
    );
  const given = parseCpuSpec(policy?.cpu_dedicated_set ?? '').union(parseCpuSpec(policy?.vcpu_pin_set ?? ''));
  const unused = given.isEmpty ? CpuSet.EMPTY : isolated.minus(given);
  if (!unused.isEmpty)
    return warn(
      `CPUs ${shortList(unused)} are isolated (isolcpus) but not in cpu_dedicated_set, so nobody uses them.`,
      "Add them to cpu_dedicated_set, or take them out of isolcpus on the kernel's command line.",
    );
  return ok(`The isolated CPUs ${shortList(isolated)} are given only to pinned vCPUs.`);
}

/** ZFS' cache takes memory that the cells seem to have, and gives it back slowly (zfs(4), zfs_arc_max). */
export function zfsCache({
  operator: { policy },
  disturbances: { zfsCacheMiB: most },
}: DoctorFacts): Outcome {
  if (most === null) return ok('There is no ZFS whose cache could take memory.');
  const reserved = policy?.reserved_host_memory_mb ?? 0;
  if (reserved >= most)
    return ok(`ZFS' cache takes at most ${most} MiB, which reserved_host_memory_mb (${reserved}) covers.`);
  return warn(
    `ZFS' cache may take up to ${most} MiB, but reserved_host_memory_mb keeps only ${reserved} MiB for the host, so a start may find less memory on its cell than was counted.`,
    `Raise reserved_host_memory_mb to ${most}, or lower zfs_arc_max (in /etc/modprobe.d/zfs.conf).`,
  );
}

/** Transparent huge pages (kernel: mm/transhuge.rst). */
export function transparentHugePages({ disturbances: { thp } }: DoctorFacts): Outcome {
  if (thp === null) return skip('The kernel shows no transparent huge pages.');
  if (thp.enabled === 'never')
    return warn(
      'Transparent huge pages are off, so guests without huge pages of their own pay for base pages in every access.',
      'Run "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled", which is enough for QEMU.',
    );
  if (thp.defrag === 'always')
    return warn(
      'Transparent huge pages are made at once, whatever it takes (defrag is always), so vCPUs stand still while memory is moved together.',
      'Run "echo defer+madvise > /sys/kernel/mm/transparent_hugepage/defrag".',
    );
  return ok(`Transparent huge pages are on (${thp.enabled}, defrag ${thp.defrag}).`);
}

/** Governors that clock a pinned CPU down whenever its guest waits (kernel: admin-guide/pm/cpufreq.rst). */
export function frequencyGovernors({
  operator: { policy },
  disturbances: { governors },
}: DoctorFacts): Outcome {
  const entries = Object.entries(governors);
  if (entries.length === 0) return ok('The clock of the CPUs is not set by Linux.');
  const dedicated = parseCpuSpec(policy?.cpu_dedicated_set ?? '');
  const slow = entries.flatMap(([governor, list]) => {
    const cpus = dedicated.isEmpty ? cpusOr(list) : cpusOr(list).intersect(dedicated);
    return governor === 'performance' || cpus.isEmpty ? [] : [`${governor} on CPUs ${shortList(cpus)}`];
  });
  if (slow.length === 0) return ok('All CPUs that are dedicated have the governor performance.');
  return warn(
    `The frequency governor is ${slow.join(', ')}, which clocks CPUs down between two wake-ups of a guest.`,
    'Set it to performance for the dedicated CPUs: "cpupower -c LIST frequency-set -g performance" (package linux-cpupower).',
  );
}

/** What is no list counts as none. */
function cpusOr(list: string): CpuSet {
  try {
    return parseCpuList(list);
  } catch {
    return CpuSet.EMPTY;
  }
}
