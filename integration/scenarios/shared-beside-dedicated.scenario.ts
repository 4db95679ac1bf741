import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'on a node whose CPU 0 is shared and CPU 1 dedicated: a shared guest with two vCPUs, and a dedicated one whose emulator threads share',
  sees: [
    'both vCPUs of the shared guest float over CPU 0 and nothing else',
    'the dedicated vCPU has CPU 1, its emulator threads CPU 0',
    "ledger, libvirt's XML and the kernel agree on every thread",
  ],
  hosts: ['this-machine'],
  policy: 'cpu_shared_set: "0"\ncpu_dedicated_set: "1"\n',
  async play(stage) {
    const shared = {
      id: 102,
      vcpus: 2,
      memoryMiB: 64,
      pinfold: { HW_CPU_POLICY: 'shared', HW_NUMA_NODES: '1' },
    };
    const dedicated = {
      id: 103,
      vcpus: 1,
      memoryMiB: 64,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_EMULATOR_THREADS_POLICY: 'share' },
    };
    await stage.deploy(shared);
    await stage.deploy(dedicated);
    const first = await stage.agrees(shared);
    for (const thread of first.threads.filter(({ role }) => role === 'vcpu'))
      stage.check(`CPUs of the shared guest's "${thread.name}"`, thread.cpus, [0]);
    const second = await stage.agrees(dedicated);
    for (const thread of second.threads)
      stage.check(
        `CPUs of the dedicated guest's "${thread.name}"`,
        thread.cpus,
        thread.role === 'vcpu' ? [1] : [0],
      );
  },
};
