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
 * - RCU looks for the end of a grace period ten times a second, not eighty times, and whoever waits for one asks the CPUs at once.
 */
export const EASY_KERNEL: readonly string[] = [
  'mitigations=off',
  'init_on_alloc=0',
  'transparent_hugepage=madvise',
  'rcupdate.rcu_expedited=1',
  'rcutree.jiffies_till_first_fqs=25',
  'rcutree.jiffies_till_next_fqs=25',
];

/**
 * QEMU's environment. It looks up translated code in a table of some 16 MiB, a quarter of its time, and waits there for this machine's
 * memory: on 2 MiB pages a tenth less, 28.2 against 31.3 s of CPU time for the same programs inside, beside neighbours that keep the
 * memory busy (glibc 2.35 or newer, which comes with every QEMU that is used).
 */
export const LARGE_PAGES = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };
