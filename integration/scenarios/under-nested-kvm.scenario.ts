import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a dedicated guest of two vCPUs with 2 MiB pages and isolated emulator threads, under KVM inside the machine',
  sees: [
    "its vCPU threads are KVM's (`CPU n/KVM`) and each is on its one CPU",
    'QEMU holds its pages on the cell that was decided',
    "ledger, libvirt's XML and the kernel agree on every thread",
  ],
  hosts: ['bookworm-kvm'],
  async play(stage) {
    const guest = {
      id: 340,
      vcpus: 1,
      memoryMiB: 64,
      pinfold: {
        HW_CPU_POLICY: 'dedicated',
        HW_NUMA_NODES: '1',
        HW_MEM_PAGE_SIZE: '2048',
        HW_EMULATOR_THREADS_POLICY: 'isolate',
      },
    };
    await stage.deploy(guest);
    const seen = await stage.agrees(guest);
    const names = seen.threads.filter(({ role }) => role === 'vcpu').map(({ name }) => name);
    stage.check('names of the vCPU threads', names, ['CPU 0/KVM']);
    stage.holds(
      'the domain is of type kvm',
      /<domain type='kvm'/.test(seen.xml),
      /<domain[^>]*>/.exec(seen.xml)?.[0],
    );
    stage.check('2 MiB pages, counted', Object.values(stage.hugePagesOf(seen)), [32]);
  },
};
