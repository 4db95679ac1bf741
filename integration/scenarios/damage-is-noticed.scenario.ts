import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a dedicated guest with 2 MiB pages, in which one thing after the other is broken on purpose and mended again',
  sees: [
    'a vCPU thread off by one CPU: the check of that thread fails and names it, where it is and where it must be',
    'an emulator thread with one CPU too many: likewise',
    'pages on another cell: the check of the memory fails and says how many are where',
    'before each damage every check holds',
  ],
  hosts: ['trixie'],
  async play(stage) {
    const guest = {
      id: 330,
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
    const placement = (await stage.agrees(guest)).record!.placement!;
    const harm = async (what: 'vcpu' | 'emulator' | 'memory', words: RegExp) => {
      await stage.damage(guest, what);
      const sentence = await stage.checkThatFails(`damage of kind "${what}"`, () => stage.agrees(guest));
      stage.holds('the sentence says what was seen', words.test(sentence), sentence);
    };
    await harm('vcpu', /mask of one-330's thread "CPU 1\/\w+": saw \[\d+\], but it must be \[\d+\]/);
    await stage.mustVirsh('vcpupin', 'one-330', '1', placement.pins['1']!, '--live');
    await stage.agrees(guest);
    await harm('emulator', /one-330's emulator threads off \d+ .*: saw \[\["/);
    await stage.mustVirsh('emulatorpin', 'one-330', placement.emulator.cpus, '--live');
    await stage.agrees(guest);
    await harm(
      'memory',
      /pages that one-330 holds on each cell: saw \{"\d":16\}, but it must be \{"\d":16\}/,
    );
  },
};
