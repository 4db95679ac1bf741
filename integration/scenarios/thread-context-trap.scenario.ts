import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a guest of two cells with 2 MiB pages and isolated emulator threads: through Pinfold, then the same domain with the emulator threads pinned from the first moment',
  sees: [
    'through Pinfold it starts with an emulator CPU on each memory cell, narrowed to the one CPU afterwards',
    'pinned to that one CPU from the start, QEMU cannot touch the memory of the other cell and dies',
    'with the XML that Pinfold launched, plain libvirt starts it as well',
  ],
  // libvirt 9.0 and QEMU 7.2; with libvirt 11.3 and QEMU 10.0 the pinned domain was seen to start.
  hosts: ['bookworm-small'],
  async play(stage) {
    const guest = {
      id: 315,
      vcpus: 2,
      memoryMiB: 64,
      pinfold: {
        HW_CPU_POLICY: 'dedicated',
        HW_NUMA_NODES: '2',
        HW_MEM_PAGE_SIZE: '2048',
        HW_EMULATOR_THREADS_POLICY: 'isolate',
      },
    };
    const running = await stage.deploy(guest);
    const { threads } = await stage.agrees(guest);
    const emulator = [
      ...new Set(threads.filter(({ role }) => role === 'emulator').flatMap(({ cpus }) => cpus)),
    ];
    stage.check('CPUs of the emulator threads, counted', emulator.length, 1);
    const launched = stage.domainAsLaunched(guest);
    const pin = /<emulatorpin cpuset=(["'])([^"']*)\1/;
    stage.holds(
      'it was launched with more emulator CPUs',
      pin.exec(launched)![2] !== String(emulator[0]),
      pin.exec(launched)![0],
    );
    await stage.cancel(running);

    const create = async (xml: string) => {
      const file = join('/run', 'thread-context-trap.xml');
      writeFileSync(file, xml);
      return stage.virsh('create', file);
    };
    const trapped = await create(launched.replace(pin, `<emulatorpin cpuset="${emulator[0]!}"`));
    stage.holds(
      'QEMU dies of the affinity',
      trapped.code !== 0 && /affinity/i.test(trapped.stderr),
      trapped.stderr.trim(),
    );
    stage.check('domains', await stage.domains(), []);
    const free = await create(launched);
    stage.check("virsh create of Pinfold's XML", [free.code, free.stderr], [0, '']);
    await stage.mustVirsh('destroy', 'one-315');
  },
};
