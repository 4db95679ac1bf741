import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a dedicated guest of three vCPUs, all but vCPU 0 realtime, with isolated emulator threads, under KVM inside the machine',
  sees: [
    'the kernel runs the threads of vCPU 1 and 2 as SCHED_FIFO with priority 1, and that of vCPU 0 as any other',
    'no emulator thread is realtime, and none is on a CPU of a vCPU',
    "ledger, libvirt's XML and the kernel agree on every thread",
  ],
  // Realtime locks QEMU's memory, and under TCG that is also its translation buffer, an eighth of the machine.
  hosts: ['bookworm-kvm'],
  async play(stage) {
    const guest = {
      id: 307,
      vcpus: 3,
      memoryMiB: 32,
      pinfold: {
        HW_CPU_POLICY: 'dedicated',
        HW_CPU_REALTIME: 'yes',
        HW_CPU_REALTIME_MASK: '^0',
        HW_EMULATOR_THREADS_POLICY: 'isolate',
        HW_NUMA_NODES: '1',
      },
    };
    await stage.deploy(guest);
    const { threads } = await stage.agrees(guest);
    const vcpus = threads.filter(({ role }) => role === 'vcpu');
    stage.check(
      'scheduling policy of each vCPU thread',
      Object.fromEntries(vcpus.map(({ number, scheduler }) => [number, scheduler])),
      { 0: 'other', 1: 'fifo 1', 2: 'fifo 1' },
    );
    const emulator = threads.filter(({ role }) => role === 'emulator');
    stage.check(
      'scheduling of the emulator threads',
      [...new Set(emulator.map(({ scheduler }) => scheduler))],
      ['other'],
    );
    const taken = vcpus.flatMap(({ cpus }) => cpus);
    stage.check(
      'emulator threads on a vCPU’s CPU',
      emulator.filter(({ cpus }) => cpus.some(cpu => taken.includes(cpu))),
      [],
    );
  },
};
