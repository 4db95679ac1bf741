import { existsSync, readFileSync } from 'node:fs';
import { check, giveBack, take } from '../player/exclusivity.ts';
import { ExclusiveHost } from '../player/exclusive-host.ts';
import { cgroupCpus, cgroupText, masksOf, pin } from '../player/spinning-guests.ts';
import type { Scenario } from './scenario.ts';

/** Where systemd keeps what `set-property --runtime` says about units with a name of their own. */
const CONTROL = '/run/systemd/system.control';

export const scenario: Scenario = {
  starts:
    'a guest of two vCPUs and one of one vCPU in scopes of qemu.slice, kept apart by fences, beside two guests without policy, a service and a container-like cgroup that never rest and sit on those CPUs; on Debian 12 because its kernel 6.1 has nothing else, on Debian 13 because it is told to',
  sees: [
    'every other scope, slice and cgroup is held to the rest, and none of them runs on the dedicated CPUs any more',
    'the slice of the guests is not held; the guests it says to pin again have their pins afterwards',
    'it survives a daemon-reload; a guest that is born later is noticed and held as well',
    'the fences shrink with the guests, and nothing is left of them in the end',
  ],
  isLong: true,
  hosts: ['trixie', 'bookworm-small'],
  async play(stage) {
    const host = new ExclusiveHost(stage);
    const all = stage.onlineCpus;
    const without = (...cpus: number[]) => all.filter(cpu => !cpus.includes(cpu));
    // Debian 12's kernel is left to find out by itself that it has nothing else.
    const mode = readFileSync('/proc/sys/kernel/osrelease', 'utf8').startsWith('6.1.') ? 'auto' : 'fence';
    const outsiders = ['/system.slice', '/user.slice', '/init.scope', '/lxc', '/qemu.slice/903.scope'];
    try {
      await host.startOutsiders('1-3');
      await host.areOn([1, 2, 3]);
      const a = await host.dedicated('711', [1, 2]);
      const b = await host.dedicated('712', [3]);
      const guests = [a, b];
      for (const guest of guests) {
        const { inForce, repin, sentences } = await take(guest, mode);
        stage.check(`in force for ${guest.vm}`, inForce, 'fence');
        stage.holds('it is told', sentences.length === 1, sentences);
        for (const { scope, vcpus, pid } of guests.filter(other => repin.includes(other.scope))) {
          stage.holds(
            'its scope was written',
            cgroupText(scope, 'cpuset.cpus') !== '',
            cgroupText(scope, 'cpuset.cpus'),
          );
          await pin(pid, '0', true);
          for (const { tid, cpus } of vcpus) await pin(tid, cpus);
        }
      }
      for (const group of outsiders) stage.check(`CPUs of ${group}`, cgroupCpus(group), without(1, 2, 3));
      stage.check('CPUs of the slice itself', cgroupCpus('/qemu.slice'), all);
      stage.check('masks of guest 711', masksOf(a.pid).sort(), ['0', '1', '2']);
      stage.check('masks of guest 712', masksOf(b.pid).sort(), ['0', '3']);
      await host.staysOff([1, 2, 3], guests);
      await stage.program('systemctl', 'daemon-reload');
      stage.check(
        'CPUs of /system.slice after a daemon-reload',
        cgroupCpus('/system.slice'),
        without(1, 2, 3),
      );

      const late = await host.undedicated('905');
      const found = await check(guests, { mode: 'fence', repair: false });
      stage.check('what a late guest makes of it', found.inForce, { 711: 'none', 712: 'none' });
      stage.holds('it is named', found.findings[0]!.sentence.includes('905.scope'), found.findings);
      const repaired = await check(guests, { mode: 'fence', repair: true });
      stage.check('after the repair', repaired.inForce, { 711: 'fence', 712: 'fence' });
      stage.check('mask of the late guest', masksOf(late.pid), [without(1, 2, 3).join(',')]);
      await host.stop(late);

      await host.stop(a);
      await giveBack(a);
      stage.check('CPUs of /system.slice without 711', cgroupCpus('/system.slice'), without(3));
      await host.staysOff([3], [b]);
      await host.stop(b);
      await giveBack(b);
      for (const group of outsiders) stage.check(`CPUs of ${group} in the end`, cgroupCpus(group), all);
      stage.check('notes of systemd', existsSync(CONTROL) && existsSync(`${CONTROL}/system.slice.d`), false);
      stage.check('something is remembered', host.remembers, false);
    } finally {
      await host.end();
    }
  },
};
