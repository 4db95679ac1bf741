import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'on a node whose CPUs 0 and 8 are shared: a dedicated guest on cell 2 and one on cell 1, whose emulator threads share; both with 2 MiB pages',
  sees: [
    'emulator threads of the guest on cell 2 have CPU 8, the shared CPU of their cell',
    'cell 1 has no shared CPU: its emulator threads have 0 and 8, and it starts all the same although its memory is elsewhere',
    'no vCPU is on a shared CPU, and a share costs nothing',
  ],
  hosts: ['trixie'],
  policy: 'cpu_shared_set: "0,8"\ncpu_dedicated_set: "1-7,9-15"\n',
  async play(stage) {
    for (const [id, cell, emulator] of [
      [303, 2, [8]],
      [304, 1, [0, 8]],
    ] as const) {
      const guest = {
        id,
        vcpus: 2,
        memoryMiB: 32,
        pinfold: {
          HW_CPU_POLICY: 'dedicated',
          HW_EMULATOR_THREADS_POLICY: 'share',
          HW_MEM_PAGE_SIZE: '2048',
          PINFOLD_CELLS: String(cell),
        },
      };
      await stage.deploy(guest);
      const { threads, record } = await stage.agrees(guest);
      for (const thread of threads.filter(({ role }) => role === 'emulator'))
        stage.check(`CPUs of one-${id}'s "${thread.name}"`, thread.cpus, emulator);
      const own = stage.cells.find(one => one.id === cell)!.cpus;
      const astray = threads.filter(
        ({ role, cpus }) => role === 'vcpu' && !cpus.every(cpu => own.includes(cpu) && ![0, 8].includes(cpu)),
      );
      stage.check(`vCPU threads of one-${id} off cell ${cell} or on a shared CPU`, astray, []);
      stage.check(`share that one-${id} is billed for`, record!.claim.emulator?.share, 0);
    }
  },
};
