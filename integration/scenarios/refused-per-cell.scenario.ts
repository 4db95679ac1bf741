import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'guests that no single cell can hold: five dedicated vCPUs on cells of four, and more pages than a cell has',
  sees: [
    'the owner of each reads one sentence with what is needed and what there is',
    'no domain, no ledger entry and no page is taken',
    'the same five vCPUs start when they may span two cells',
  ],
  hosts: ['trixie'],
  async play(stage) {
    const before = stage.freeHugePages;
    const one = { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '1' };
    const wide = await stage.refused({ id: 312, vcpus: 5, memoryMiB: 64, pinfold: one });
    stage.holds('the sentence names 5 and 4 CPUs', /\b5\b/.test(wide) && /\b4\b/.test(wide), wide);
    const free = Math.max(...Object.values(before));
    const memoryMiB = (free + 1) * 2;
    const large = { id: 313, vcpus: 1, memoryMiB, pinfold: { ...one, HW_MEM_PAGE_SIZE: '2048' } };
    const sentence = await stage.refused(large);
    stage.holds(
      `the sentence names ${free + 1} pages or ${memoryMiB} MiB, and ${free} or ${free * 2}`,
      new RegExp(`\\b(?:${free + 1}|${memoryMiB})\\b`).test(sentence) &&
        new RegExp(`\\b(?:${free}|${free * 2})\\b`).test(sentence),
      sentence,
    );
    for (const text of [wide, sentence])
      stage.holds(
        'it is a sentence and the exit code, no more',
        /^[A-Z][^\n]*[.!]\s*ExitCode: 1$/.test(text),
        text,
      );
    stage.check('domains', await stage.domains(), []);
    stage.check('ledger', stage.ledger, []);
    stage.check('free pages', stage.freeHugePages, before);
    const split = {
      id: 314,
      vcpus: 5,
      memoryMiB: 64,
      pinfold: {
        HW_CPU_POLICY: 'dedicated',
        HW_NUMA_NODES: '2',
        HW_NUMA_CPUS_0: '0-2',
        HW_NUMA_CPUS_1: '3-4',
        HW_NUMA_MEM_0: '32',
        HW_NUMA_MEM_1: '32',
      },
    };
    await stage.deploy(split);
    await stage.agrees(split);
  },
};
