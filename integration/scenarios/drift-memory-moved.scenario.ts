import { makeStateFolder, mends } from '../player/reconciling.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts: 'a dedicated guest with pages of 2 MiB, and moves them to another cell behind its back',
  sees: [
    'reconcile names the memory, where it is, and the cells that were opened for it',
    'all pages are back on their cell afterwards, and a second run finds nothing',
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
    await mends(stage, ['one-344 memory-astray memory-cells-changed memory']);
    await stage.agrees(guest);
  },
};
