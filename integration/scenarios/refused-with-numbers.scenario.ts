import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a dedicated guest that needs one CPU more than the machine has, then one beside a guest that holds them all',
  sees: [
    "its owner reads one sentence with what is needed and what there is, and only the driver's exit code behind it",
    'no domain and no ledger entry is left of it',
    'the guest that runs keeps its CPUs',
  ],
  hosts: ['this-machine'],
  async play(stage) {
    const dedicated = { HW_CPU_POLICY: 'dedicated' };
    const online = stage.onlineCpus.length;
    const large = { id: 104, vcpus: online + 1, memoryMiB: 64, pinfold: dedicated };
    const sentence = await stage.refused(large);
    stage.holds(
      `the sentence names ${online + 1} needed and ${online} there`,
      new RegExp(`\\b${online + 1}\\b`).test(sentence) && new RegExp(`\\b${online}\\b`).test(sentence),
      sentence,
    );
    stage.holds(
      'it is a sentence and the exit code, no more',
      /^[A-Z][^\n]*[.!]\s*ExitCode: 1$/.test(sentence),
      sentence,
    );
    stage.check('domains', await stage.domains(), []);
    stage.check('ledger', stage.ledger, []);

    const holder = { id: 105, vcpus: online, memoryMiB: 64, pinfold: dedicated };
    await stage.deploy(holder);
    const late = { id: 106, vcpus: 1, memoryMiB: 64, pinfold: dedicated };
    const second = await stage.refused(late);
    stage.holds(
      'the sentence names 1 needed and 0 there',
      /\b1\b/.test(second) && /\b0\b/.test(second),
      second,
    );
    stage.check('domains', await stage.domains(), ['one-105']);
    stage.check(
      'VMs in the ledger',
      stage.ledger.map(entry => entry.vm),
      ['one-105'],
    );
    await stage.agrees(holder);
  },
};
