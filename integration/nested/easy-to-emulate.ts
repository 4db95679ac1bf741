/**
 * `-accel`. One thread for all CPUs of a host: as many hosts run side by side as the machine has CPUs, so that a thread for each would win
 * nothing, costs atomic operations and locks, and loses interrupts between CPUs (QEMU 10.0.13, seen once in twenty minutes).
 */
export const ACCELERATOR = 'tcg,thread=single';

/**
 * What a `-cpu` is without: AVX, fast string moves and a fifth level of page tables. The same scenarios then take a fifth less of CPU
 * time: what stands for them in glibc and the kernel is cheaper to emulate.
 */
const DEAR = '-avx,-avx2,-erms,-fsrm,-la57';

/** `-cpu` of a host whose guests run under TCG; by this vendor the kernel knows threads and caches. */
export const EASY_CPU = `max,vendor=GenuineIntel,${DEAR}`;

/**
 * What every kernel is told.
 *
 * - Pages are cleared once, not twice, and khugepaged does not look through every program's memory (2 % of the time).
 * - Neither pressure (PSI) nor the kernel's own memory is accounted to groups, and no task's memory is sampled for automatic NUMA balancing,
 *   which `pinfold doctor` advises against as well. All three together are a twentieth of the time.
 * - RCU looks for the end of a grace period ten times a second, not eighty times, and whoever waits for one asks the CPUs at once.
 */
export const EASY_KERNEL: readonly string[] = [
  'mitigations=off',
  'init_on_alloc=0',
  'transparent_hugepage=madvise',
  'psi=0',
  'cgroup.memory=nokmem,nosocket',
  'numa_balancing=disable',
  'rcupdate.rcu_expedited=1',
  'rcutree.jiffies_till_first_fqs=25',
  'rcutree.jiffies_till_next_fqs=25',
];

/**
 * Shell inside: libvirt forgets that its QEMU can list the features that it withholds from a guest's CPU. Else it asks QEMU for each of
 * a CPU's 450 properties, one by one, at each start of a guest: 2.0 of the 2.9 s that `virsh create` takes. As it is, it asks as it does
 * with an older QEMU, in a few words. None of this has to do with CPUs, cells or memory of the host.
 */
export const LIBVIRT_ASKS_LESS = [
  "sed -i '/cpu-unavailable-features/d' /var/cache/libvirt/qemu/capabilities/*.xml",
  'systemctl restart libvirtd',
].join('\n');

/**
 * QEMU's environment. It looks up translated code in a table of some 16 MiB, a quarter of its time, and waits there for this machine's
 * memory: on 2 MiB pages a tenth less, 28.2 against 31.3 s of CPU time for the same programs inside, beside neighbours that keep the
 * memory busy (glibc 2.35 or newer, which comes with every QEMU that is used).
 */
export const LARGE_PAGES = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };
