import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'on a node whose CPU 0 is shared and CPU 1 dedicated: two shared guests of one vCPU, and a dedicated one whose emulator threads share',
  sees: [
    'the vCPUs of both shared guests float over CPU 0 and nothing else',
    'the dedicated vCPU has CPU 1, its emulator threads CPU 0',
    "ledger, libvirt's XML and the kernel agree on every thread",
  ],
  hosts: ['this-machine'],
  policy: 'cpu_shared_set: "0"\ncpu_dedicated_set: "1"\n',
  async play(stage) {
    // One vCPU each: Nova's rule, and ours, is that a guest does not overcommit against itself.
    const shared = [102, 115].map(id => ({
      id,
      vcpus: 1,
      memoryMiB: 64,
      pinfold: { HW_CPU_POLICY: 'shared', HW_NUMA_NODES: '1' },
    }));
    const dedicated = {
      id: 103,
      vcpus: 1,
      memoryMiB: 64,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_EMULATOR_THREADS_POLICY: 'share' },
    };
    for (const guest of [...shared, dedicated]) await stage.deploy(guest);
    for (const guest of shared) {
      const { threads } = await stage.agrees(guest);
      for (const thread of threads.filter(({ role }) => role === 'vcpu'))
        stage.check(`CPUs of one-${guest.id}'s "${thread.name}"`, thread.cpus, [0]);
    }
    const second = await stage.agrees(dedicated);
    for (const thread of second.threads)
      stage.check(
        `CPUs of the dedicated guest's "${thread.name}"`,
        thread.cpus,
        thread.role === 'vcpu' ? [1] : [0],
      );
  },
};
