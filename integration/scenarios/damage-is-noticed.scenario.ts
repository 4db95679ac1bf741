import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts: 'dedicated guests with 2 MiB pages, in each of which one thing is then broken on purpose',
  sees: [
    'a vCPU thread off by one CPU: the check of that thread fails and names it, where it is and where it must be',
    'an emulator thread with one CPU too many: likewise',
    'pages on another cell: the check of the memory fails and says how many are where',
    'before the damage every check holds',
  ],
  hosts: ['trixie'],
  async play(stage) {
    for (const [id, what, words] of [
      [330, 'vcpu', /mask of one-330's thread "CPU 1\/(?:TCG|KVM)": saw \[\d+\], but it must be \[\d+\]/],
      [331, 'emulator', /one-331's emulator threads off [\d,]+ .*: saw \[\["/],
      [
        332,
        'memory',
        /2 MiB pages that one-332 holds on each cell: saw \{"\d":16\}, but it must be \{"\d":16\}/,
      ],
    ] as const) {
      const guest = {
        id,
        vcpus: 2,
        memoryMiB: 32,
        pinfold: {
          HW_CPU_POLICY: 'dedicated',
          HW_NUMA_NODES: '1',
          HW_MEM_PAGE_SIZE: '2048',
          HW_EMULATOR_THREADS_POLICY: 'isolate',
        },
      };
      await stage.deploy(guest);
      await stage.agrees(guest);
      await stage.damage(guest, what);
      const sentence = await stage.checkThatFails(`damage of kind "${what}"`, () => stage.agrees(guest));
      stage.holds('the sentence says what was seen', words.test(sentence), sentence);
    }
  },
};
