import { writeFileSync } from 'node:fs';
import { makeStateFolder } from '../player/reconciling.ts';
import { isValid, requestOf, type PlanDocument } from '../player/rebalancing.ts';
import type { Scenario } from './scenario.ts';

const OPTIONS = { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '1', HW_MEM_PAGE_SIZE: '2048' };
const guest = (id: number, vcpus: number) => ({ id, vcpus, memoryMiB: 32, pinfold: OPTIONS });

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
  hosts: ['trixie'],
  policy: 'strategy: pack\ncpu_dedicated_set: "0-7"\n',
  async play(stage) {
    await makeStateFolder(stage);
    const [first, leaver, third, other] = [guest(390, 1), guest(391, 2), guest(392, 1), guest(393, 2)];
    await stage.deploy(first);
    const leaving = await stage.deploy(leaver);
    await stage.deploy(third);
    await stage.deploy(other);
    await stage.cancel(leaving);
    const running = [first, third, other];
    const late = guest(394, 3);
    await stage.refused(late);

    const request = '/tmp/request-394.json';
    writeFileSync(request, JSON.stringify(requestOf(late)));
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
