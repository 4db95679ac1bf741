import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts: 'a guest without a PINFOLD section, once with Pinfold in order and once with its program gone',
  sees: [
    "the stock script gets oned's domain byte for byte (and the one line end that the driver adds)",
    'libvirt pins nothing and every thread may run everywhere; the ledger has no entry',
    'with the program gone it starts the same way, and a guest with a section is refused with a sentence',
  ],
  hosts: ['this-machine'],
  async play(stage) {
    const untouched = async (id: number) => {
      const guest = { id, vcpus: 1, memoryMiB: 64, pinfold: null };
      await stage.deploy(guest);
      stage.holds(
        `the domain of one-${id} is oned's, byte for byte`,
        stage.domainAsLaunched(guest) === `${stage.domainXml(guest)}\n`,
        `${stage.domainAsLaunched(guest).length} characters`,
      );
      const seen = await stage.see(guest);
      stage.check(
        'pins in the XML',
        [seen.pins.vcpus, seen.pins.emulator, seen.pins.memory],
        [{}, null, null],
      );
      for (const thread of seen.threads)
        stage.check(`CPUs of "${thread.name}"`, thread.cpus, stage.onlineCpus);
      stage.check('ledger', stage.ledger, []);
    };
    await untouched(107);

    const hook = join(stage.host.scripts, 'vmm', stage.host.directory, 'pinfold/hook-opennebula.cjs');
    renameSync(hook, `${hook}.gone`);
    try {
      await untouched(108);
      const sentence = await stage.refused({
        id: 109,
        vcpus: 1,
        memoryMiB: 64,
        pinfold: { HW_CPU_POLICY: 'dedicated' },
      });
      stage.holds(
        'the sentence says that Pinfold is out of order',
        /Pinfold is missing/.test(sentence),
        sentence,
      );
    } finally {
      renameSync(`${hook}.gone`, hook);
    }
  },
};
