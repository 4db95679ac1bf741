import { writeFileSync } from 'node:fs';
import { makeStateFolder, mends } from '../player/reconciling.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a guest of Pinfold once more without <numatune>, as one is that came from a host with a single cell, and moves its pages away twice',
  sees: [
    'the guest is known by what it carries, while libvirt binds its memory nowhere',
    'the first reconcile brings its pages back, and leaves it in the mode in which they can be moved again',
    'the second one brings them back, too',
    'where no mode is told, libvirt takes strict and refuses the second move, in the words that the stand-in has',
  ],
  hosts: ['trixie'],
  async play(stage) {
    await makeStateFolder(stage);
    const guest = {
      id: 345,
      vcpus: 1,
      memoryMiB: 32,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '1', HW_MEM_PAGE_SIZE: '2048' },
    };
    await stage.deploy(guest);
    const { record } = await stage.agrees(guest);
    const home = record!.placement!.cells[0]!.hostCell;
    const other = (home + 2) % stage.cells.length;
    const isHome = async (time: string) => {
      const { pins } = await stage.agrees(guest);
      const memory = [pins.memory?.mode, pins.memory?.cells];
      stage.check(`<numatune> after the ${time} time`, memory, ['restrictive', [home]]);
    };
    const unbound = '/run/without-numatune.xml';
    writeFileSync(unbound, stage.domainAsLaunched(guest).replace(/<numatune>[^]*<\/numatune>/, ''));
    const startUnbound = async () => {
      await stage.mustVirsh('destroy', 'one-345');
      await stage.mustVirsh('create', unbound);
      stage.check('<numatune> of the guest without it', (await stage.see(guest)).pins.memory, null);
    };

    await startUnbound();
    await stage.damage(guest, 'memory');
    await mends(stage, [
      'one-345 guest-restarted restarted ledger entry',
      'one-345 memory-astray memory-cells-changed memory',
    ]);
    await isHome('first');
    await stage.damage(guest, 'memory');
    await mends(stage, ['one-345 memory-astray moved-by-hand memory']);
    await isHome('second');

    await startUnbound();
    const move = (cell: number) => stage.virsh('numatune', 'one-345', '--nodeset', String(cell), '--live');
    stage.check('exit code of a first move without a mode', (await move(other)).code, 0);
    stage.check('mode that libvirt takes', (await stage.see(guest)).pins.memory?.mode, 'strict');
    const { code, stderr } = await move(home);
    stage.holds(
      'the second one is refused',
      code === 1 && /change of nodeset for running domain requires restrictive numa mode/.test(stderr),
      stderr,
    );
  },
};
