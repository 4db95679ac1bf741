import { makeStateFolder } from '../player/reconciling.ts';
import { fragment, isValid, TWO_CELLS, type PlanDocument } from '../player/rebalancing.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'dedicated guests on two cells of four CPUs until two CPUs are free on each, then one of three vCPUs on one cell',
  sees: [
    'the last one is refused',
    'a dry run of rebalance says which guest moves and how many MiB that copies, and changes nothing',
    'rebalance makes room live: it copies what it said, and every state after it is valid',
    'threads, pins and pages of the guest that moved are where the ledger says now',
    'the guest that was refused starts',
  ],
  isLong: true,
  hosts: ['trixie'],
  policy: TWO_CELLS,
  async play(stage) {
    await makeStateFolder(stage);
    const { running, late, request } = await fragment(stage, 390);
    await stage.refused(late);
    const before = stage.ledger;
    const planned = (await stage.pinfold('rebalance', '--for', request, '--dry-run')) as PlanDocument;
    stage.check('ledger after a dry run', stage.ledger, before);
    const price = planned.changes.reduce((sum, { costMiB }) => sum + costMiB, 0);
    stage.check('MiB that the plan copies', price, 32);
    const mover = planned.changes[0]!.vm;

    const start = Date.now();
    await stage.pinfold('rebalance', '--for', request, '--max-move', '0.04', '--yes');
    stage.say(`rebalance took ${((Date.now() - start) / 1000).toFixed(1)} s, start of Node included`);
    await isValid(stage, running, 'after the rebalance');
    const moved = running.find(({ id }) => `one-${id}` === mover)!;
    const seen = await stage.agrees(moved);
    const home = before.find(({ vm }) => vm === mover)!.placement!.nodeset;
    const cell = seen.record!.placement!.nodeset;
    stage.holds('it is on another cell', cell !== home, [home, cell]);
    stage.check('its pages on each cell', stage.hugePagesOf(seen), { [cell]: 16 });
    stage.check("libvirt's cells for its memory", seen.pins.memory?.cells, [Number(cell)]);

    await stage.deploy(late);
    for (const each of [...running, late]) await stage.agrees(each);
    await isValid(stage, [...running, late], 'at the end');
  },
};
