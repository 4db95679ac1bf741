import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a dedicated guest on every CPU of the machine, which is cancelled, and then another one of the same size',
  sees: [
    'while the first runs, the ledger holds its claim as observed, bound to its QEMU',
    "after the driver's cancel neither domain nor ledger entry is left",
    'the second gets the same CPUs',
  ],
  hosts: ['this-machine'],
  async play(stage) {
    const pinfold = { HW_CPU_POLICY: 'dedicated' };
    const size = { vcpus: stage.onlineCpus.length, memoryMiB: 64, pinfold };
    const first = { id: 110, ...size };
    const running = await stage.deploy(first);
    const before = await stage.agrees(first);
    stage.check("source of the first guest's claim", before.record!.claim.source, 'observed');
    const end = await stage.cancel(running);
    stage.check(
      'outcome of the cancel',
      [end.result, end.log.filter(line => /^[EW]/.test(line))],
      ['SUCCESS', []],
    );
    stage.check('domains', await stage.domains(), []);
    stage.check('ledger', stage.ledger, []);
    const second = { id: 111, ...size };
    await stage.deploy(second);
    const after = await stage.agrees(second);
    stage.check('pins of the second guest', after.record!.placement!.pins, before.record!.placement!.pins);
  },
};
