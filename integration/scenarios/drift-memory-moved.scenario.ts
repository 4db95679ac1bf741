import { makeStateFolder, mends } from '../player/reconciling.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a dedicated guest with pages of 2 MiB, and moves them to another cell, by migratepages and by virsh numatune',
  sees: [
    'reconcile names the hand, where cpuset and policy are as decided, and the changed cells, where libvirt was told others',
    'all pages are back on their cell each time, and a second run finds nothing',
  ],
  hosts: ['trixie'],
  async play(stage) {
    await makeStateFolder(stage);
    const guest = {
      id: 344,
      vcpus: 1,
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
    await stage.damage(guest, 'memory');
    await stage.checkThatFails('memory on another cell', () => stage.agrees(guest));
    await mends(stage, ['one-344 memory-astray moved-by-hand memory']);
    const { record } = await stage.agrees(guest);
    const other = (record!.placement!.cells[0]!.hostCell + 2) % stage.cells.length;
    await stage.mustVirsh('numatune', 'one-344', '--nodeset', String(other), '--live');
    await mends(stage, ['one-344 memory-astray memory-cells-changed memory']);
    const { pins } = await stage.agrees(guest);
    stage.check('cells in libvirt', pins.memory?.cells, [record!.placement!.cells[0]!.hostCell]);
  },
};
