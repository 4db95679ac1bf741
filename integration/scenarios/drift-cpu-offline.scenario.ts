import { writeFileSync } from 'node:fs';
import { isQuiet, makeStateFolder, mends } from '../player/reconciling.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts: 'a dedicated guest, and takes the CPU of its vCPU offline and back',
  sees: [
    'the kernel lets the vCPU run elsewhere, which reconcile names with the CPU that is offline',
    'the vCPU gets a free dedicated CPU of the same cell, in ledger, libvirt and kernel',
    'nothing is found afterwards, nor when the CPU is back',
  ],
  hosts: ['trixie'],
  // CPU 0 of x86 cannot be taken offline.
  policy: 'cpu_dedicated_set: "4-15"\ncpu_shared_set: "0-3"\n',
  async play(stage) {
    await makeStateFolder(stage);
    const guest = {
      id: 343,
      vcpus: 1,
      memoryMiB: 64,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_EMULATOR_THREADS_POLICY: 'isolate' },
    };
    await stage.deploy(guest);
    const before = (await stage.agrees(guest)).record!.placement!;
    const cpu = before.pins['0']!;
    const online = `/sys/devices/system/cpu/cpu${cpu}/online`;
    writeFileSync(online, '0');
    try {
      const [sentence] = await mends(stage, ['one-343 cpu-offline cpu-offline vCPU 0']);
      stage.holds('the sentence names the CPU', sentence!.includes(`none of ${cpu} is online`), sentence);
      const after = (await stage.agrees(guest)).record!.placement!;
      stage.check('cell before and after', after.cells[0]!.hostCell, before.cells[0]!.hostCell);
      stage.holds('the vCPU has another CPU', after.pins['0'] !== cpu, after.pins);
    } finally {
      writeFileSync(online, '1');
    }
    await isQuiet(stage);
    await stage.agrees(guest);
  },
};
