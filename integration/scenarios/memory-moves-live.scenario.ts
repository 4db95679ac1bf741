import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts: 'a dedicated guest of one cell and 32 pages of 2 MiB, whose memory is then moved with virsh',
  sees: [
    'its memory is bound restrictively to its cell, where all pages are',
    '`virsh numatune --live` to another cell works, and all pages are there afterwards',
    'the check of its memory fails while it is away, and holds again when it is back',
  ],
  hosts: ['trixie'],
  async play(stage) {
    const guest = {
      id: 302,
      vcpus: 1,
      memoryMiB: 64,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '1', HW_MEM_PAGE_SIZE: '2048' },
    };
    await stage.deploy(guest);
    const seen = await stage.agrees(guest);
    const home = seen.record!.placement!.cells[0]!.hostCell;
    stage.check('<numatune>', [seen.pins.memory?.mode, seen.pins.memory?.cells], ['restrictive', [home]]);
    const other = (home + 2) % stage.cells.length;
    await stage.mustVirsh('numatune', 'one-302', '--nodeset', String(other), '--live');
    stage.check('pages on each cell', stage.hugePagesOf(seen), { [other]: 32 });
    const sentence = await stage.checkThatFails('memory on another cell', () => stage.agrees(guest));
    stage.holds('the sentence names the pages', sentence.includes(`{"${other}":32}`), sentence);
    await stage.mustVirsh('numatune', 'one-302', '--nodeset', String(home), '--live');
    await stage.agrees(guest);
  },
};
