import { cpusetOf } from '../player/pve-reading.ts';
import { OPERATOR, ONE_CELL } from './proxmox-operator.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts: 'a dedicated guest, then reboots the node under it, and starts it again',
  sees: [
    'after the reboot there is no claim, no drop-in, no mask and no fence of it',
    'it starts again on dedicated CPUs of its own',
  ],
  hosts: ['trixie'],
  proxmox: OPERATOR,
  async play(stage) {
    const pve = stage.proxmox;
    pve.configure(160, { ...ONE_CELL, hookscript: 'local:snippets/pinfold' });
    await pve.mustQm('start', 160);
    pve.agrees(160, 2);
    // The configs of a real node lie in a database on its disk.
    await stage.program('sync');
  },
  async afterReboot(stage) {
    const pve = stage.proxmox;
    stage.check('what is left of VM 160', pve.leftovers(160), []);
    stage.check('files in the state folder', pve.stateFiles, []);
    stage.check(
      'fences',
      ['system.slice', 'user.slice', 'qemu.slice'].map(group => cpusetOf(group).cpus),
      ['', '', ''],
    );
    await pve.mustQm('start', 160);
    pve.agrees(160, 2);
    await pve.mustQm('stop', 160);
    await pve.gone(160);
  },
};
