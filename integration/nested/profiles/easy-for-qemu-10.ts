/**
 * `-cpu` of the hosts that run under QEMU 10. Without AVX, fast string moves and a fifth level of page tables the same scenarios take a
 * fifth less of CPU time: what stands for them in glibc and the kernel is cheaper to emulate. The vendor is what shows the kernel
 * threads and caches.
 */
export const EASY_CPU = 'max,vendor=GenuineIntel,-avx,-avx2,-erms,-fsrm,-la57';

/** RCU looks for the end of a grace period ten times a second, not eighty times, and whoever waits for one asks the CPUs at once. */
export const EASY_RCU = [
  'rcupdate.rcu_expedited=1',
  'rcutree.jiffies_till_first_fqs=25',
  'rcutree.jiffies_till_next_fqs=25',
];
