import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a dedicated guest on a host that has lost its driver directory, as after `onehost sync` from another front-end',
  sees: [
    "the driver's check answers 42 and all remotes are copied to the host",
    'the guest starts pinned, with the program that came along',
  ],
  hosts: ['this-machine'],
  async play(stage) {
    rmSync(join(stage.host.scripts, 'vmm', stage.host.directory), { recursive: true });
    const guest = { id: 112, vcpus: 1, memoryMiB: 64, pinfold: { HW_CPU_POLICY: 'dedicated' } };
    const { end } = await stage.deploy(guest);
    stage.check('remotes were updated', end.log.includes('I Updating remotes'), true);
    await stage.agrees(guest);
  },
};
