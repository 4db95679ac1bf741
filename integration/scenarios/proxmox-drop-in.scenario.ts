import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpusetOf } from '../player/pve-reading.ts';
import { OPERATOR, ONE_CELL } from './proxmox-operator.ts';
import type { Scenario } from './scenario.ts';

/** What systemd makes of a scope's drop-in: the cells that the running VM may take memory from. */
const cellsOf = (vmid: number) => cpusetOf(`qemu.slice/${vmid}.scope`).mems;

export const scenario: Scenario = {
  starts:
    'guests whose scope has a drop-in of which systemd does not know the folder: by hand without and with the nudge, and through Pinfold with its nudge taken away',
  sees: [
    'without the nudge systemd overlooks the drop-in and the guest takes memory from anywhere',
    'with the nudge (a question about an unknown unit) the guest is confined',
    'a drop-in in a folder that systemd knows needs no nudge',
    'Pinfold’s post-start notices that its drop-in was overlooked, and confines the guest by set-property',
    'set-property on a scope that does not run is refused',
  ],
  isLong: true,
  hosts: ['trixie', 'bookworm-small'],
  proxmox: {
    ...OPERATOR,
    policy: 'cpu_shared_set: "0"\ncpu_dedicated_set: "1-2"\nexclusivity: none\n',
  },
  async play(stage) {
    const pve = stage.proxmox;
    const everywhere = stage.cells.map(({ id }) => id);
    const all = `${everywhere[0]!}-${everywhere.at(-1)!}`;
    const confine = (vmid: number) => {
      mkdirSync(`/run/systemd/system/${vmid}.scope.d`, { recursive: true });
      writeFileSync(`/run/systemd/system/${vmid}.scope.d/50-hand.conf`, '[Scope]\nAllowedMemoryNodes=0\n');
    };
    try {
      for (const vmid of [110, 111]) pve.configure(vmid, { cores: 1, memory: 32 });
      confine(110);
      await pve.mustQm('start', 110);
      stage.holds(
        'the drop-in is overlooked without the nudge',
        ['', all].includes(cellsOf(110)),
        cellsOf(110),
      );

      confine(111);
      await stage.program('systemctl', 'show', 'nobody-knows-this.service', '-p', 'LoadState');
      await pve.mustQm('start', 111);
      stage.check('cells of the VM that was started with the nudge', cellsOf(111), '0');

      await pve.mustQm('stop', 110);
      await pve.cleanedUp();
      await pve.mustQm('start', 110);
      stage.check('cells of the VM whose folder systemd knows by now', cellsOf(110), '0');
    } finally {
      for (const vmid of [110, 111])
        rmSync(`/run/systemd/system/${vmid}.scope.d`, { recursive: true, force: true });
    }

    const refused = await stage.tryProgram(
      'systemctl',
      'set-property',
      '--runtime',
      '112.scope',
      'AllowedMemoryNodes=0',
    );
    stage.holds('set-property needs a scope that runs', refused.code !== 0, refused.stderr.trim());

    const swallowed = [
      ...pve.withoutNudge(),
      '[ "$2" != post-start ] || cat /sys/fs/cgroup/qemu.slice/"$1".scope/cpuset.mems.effective > /run/born-in-"$1"',
      'exec /var/lib/vz/snippets/pinfold "$@"',
    ];
    pve.snippet('swallows-nudge', swallowed);
    pve.configure(112, { ...ONE_CELL, cores: 1, hookscript: 'local:snippets/swallows-nudge' });
    await pve.mustQm('start', 112);
    const { record } = pve.agrees(112, 1);
    stage.holds(
      'systemd overlooked the drop-in of Pinfold without its nudge',
      ['', all].includes(stage.read('/run/born-in-112').trim()),
      stage.read('/run/born-in-112').trim(),
    );
    stage.check('cells of the VM after the repair', cellsOf(112), record.placement!.nodeset);
    await pve.mustQm('stop', 112);
    await pve.gone(112);

    pve.configure(113, { ...ONE_CELL, cores: 1, hookscript: 'local:snippets/pinfold' });
    await pve.mustQm('start', 113);
    stage.check(
      'cells of the VM that Pinfold started with its nudge',
      cellsOf(113),
      pve.see(113).record.placement!.nodeset,
    );
  },
};
