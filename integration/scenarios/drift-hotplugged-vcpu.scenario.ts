import { makeStateFolder, mends } from '../player/reconciling.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts: 'a dedicated guest with one vCPU of at most two, and plugs the other one in with virsh setvcpus',
  sees: [
    'reconcile names the vCPU that was plugged in, claims a free dedicated CPU of its cell for it and pins it there',
    'ledger, libvirt and the kernel agree on it, and a second run finds nothing',
  ],
  hosts: ['trixie'],
  async play(stage) {
    await makeStateFolder(stage);
    const guest = {
      id: 340,
      vcpus: 1,
      maxVcpus: 2,
      memoryMiB: 64,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_EMULATOR_THREADS_POLICY: 'isolate' },
    };
    await stage.deploy(guest);
    await stage.agrees(guest);
    await stage.mustVirsh('setvcpus', 'one-340', '2', '--live');
    await mends(stage, ['one-340 vcpu-plugged-in plugged-in vCPU 1']);
    const { record } = await stage.agrees({ ...guest, vcpus: 2 });
    const pins = Object.values(record!.placement!.pins);
    stage.holds(
      'each vCPU has one CPU for itself',
      new Set(pins).size === 2 && pins.every(cpus => /^\d+$/.test(cpus)),
      pins,
    );
  },
};
