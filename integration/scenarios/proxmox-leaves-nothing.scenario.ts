import { diskThatPowersOff } from '../player/guest-disks.ts';
import { cpusetOf } from '../player/pve-reading.ts';
import { OPERATOR, ONE_CELL } from './proxmox-operator.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a dedicated guest that is stopped, one that is killed, one that powers itself off, one whose QEMU refuses its command line, and one whose start Pinfold refuses',
  sees: [
    'after a stop, a crash and a power-off: no claim, no drop-in, no mask, no cgroup',
    'a failed start leaves a lease that the next start of any guest collects, drop-in included',
    'the guest that failed starts unconfined once its policy is taken away',
    'a refused start ends in pre-start with one sentence and leaves nothing',
    'a second start of a running guest, and one while another start holds the config, fail as on a real node',
  ],
  isLong: true,
  hosts: ['trixie'],
  proxmox: OPERATOR,
  async play(stage) {
    const pve = stage.proxmox;
    const guest = { ...ONE_CELL, hookscript: 'local:snippets/pinfold' };
    // It goes by itself while all the rest is looked at.
    diskThatPowersOff('/opt/powers-off.img', 45);
    pve.configure(125, {
      ...guest,
      args: '-bios seabios.bin -drive file=/opt/powers-off.img,format=raw,if=ide',
    });
    await pve.mustQm('start', 125);
    pve.agrees(125, 2);
    pve.configure(120, guest);
    await pve.mustQm('start', 120);
    pve.agrees(120, 2);
    const again = await pve.qm('start', 120);
    stage.check('a second start', [again.code, again.stderr.trim()], [255, 'VM 120 already running']);
    await pve.mustQm('stop', 120);
    await pve.gone(120);

    pve.configure(122, { ...guest, args: '-no-such-option' });
    await pve.qm('start', 122);
    await pve.mustQm('start', 120);
    await pve.gone(122);
    await pve.kill(120, 'SIGKILL');
    await pve.gone(120);

    pve.configure(121, { ...guest, args: '-no-such-option' });
    const failed = await pve.qm('start', 121);
    stage.check(
      'end of the start that QEMU refuses',
      [failed.code, failed.stderr.trim()],
      [255, 'start failed: QEMU exited with code 1'],
    );
    pve.configure(121, { cores: 1, memory: 32, hookscript: guest.hookscript });
    await pve.mustQm('start', 121);
    const { cpus, mems } = cpusetOf('qemu.slice/121.scope');
    stage.holds(
      'the guest without policy is not confined by what the failed start left',
      cpus === '' && ['', '0-3'].includes(mems),
      { cpus, mems },
    );
    await pve.mustQm('stop', 121);

    pve.configure(123, { ...guest, cores: 15 });
    const refused = await pve.qm('start', 123);
    stage.check('exit code of the refused start', refused.code, 255);
    stage.holds(
      'it is refused by pre-start in one sentence',
      /hookscript error for 123 on pre-start/.test(refused.stderr) &&
        /pinfold: .*\bCPUs?\b.*\./.test(refused.stdout + refused.stderr),
      refused.stdout + refused.stderr,
    );
    await pve.gone(123);

    pve.snippet('slow', ['[ "$2" != pre-start ] || sleep 18']);
    pve.configure(124, { cores: 1, memory: 32, hookscript: 'local:snippets/slow' });
    const [first, second] = await Promise.all([
      pve.qm('start', 124),
      stage.program('sleep', '3').then(() => pve.qm('set', 124, '--cores', '2')),
    ]);
    stage.check('the start that holds the lock', first.code, 0);
    stage.check(
      'the one that waits for it',
      [second.code, second.stderr.trim()],
      [255, "can't lock file '/var/lock/qemu-server/lock-124.conf' - got timeout"],
    );
    await pve.gone(125);
  },
};
