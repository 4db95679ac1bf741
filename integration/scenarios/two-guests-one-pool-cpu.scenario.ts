import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'two guests of one dedicated vCPU with isolated emulator threads, on a node where a pool CPU carries two',
  sees: [
    'the emulator threads of both guests have one and the same CPU',
    'each vCPU has a CPU of its own, apart from the pool CPU, on the same cell',
    'each claim is billed for half of the pool CPU',
    "ledger, libvirt's XML and the kernel agree on every thread",
  ],
  hosts: ['trixie', 'bookworm-small'],
  policy: 'emulator_overcommit_ratio: 2\nstrategy: pack\n',
  async play(stage) {
    const pinfold = {
      HW_CPU_POLICY: 'dedicated',
      HW_EMULATOR_THREADS_POLICY: 'isolate',
      HW_NUMA_NODES: '1',
    };
    const guests = [201, 202].map(id => ({ id, vcpus: 1, memoryMiB: 64, pinfold }));
    const pools: number[][] = [];
    const vcpus: number[] = [];
    for (const guest of guests) {
      await stage.deploy(guest);
      const { threads, record } = await stage.agrees(guest);
      pools.push([...new Set(threads.filter(({ role }) => role === 'emulator').flatMap(({ cpus }) => cpus))]);
      vcpus.push(...threads.filter(({ role }) => role === 'vcpu').flatMap(({ cpus }) => cpus));
      stage.check(
        `share of the pool CPU that one-${guest.id} is billed for`,
        record!.claim.emulator!.share,
        0.5,
      );
    }
    stage.check('pool CPUs of the first guest, counted', pools[0]!.length, 1);
    stage.check("CPUs of the second guest's emulator threads", pools[1], pools[0]);
    stage.holds('vCPUs and pool CPU are three CPUs', new Set([...vcpus, pools[0]![0]]).size === 3, {
      vcpus,
      pools,
    });
  },
};
