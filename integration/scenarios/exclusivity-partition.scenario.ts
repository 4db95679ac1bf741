import { check, giveBack, take } from '../player/exclusivity.ts';
import { ExclusiveHost } from '../player/exclusive-host.ts';
import { cgroupCpus, cgroupText, masksOf } from '../player/spinning-guests.ts';
import type { Scenario } from './scenario.ts';

const PARTITION = 'cpuset.cpus.partition';
const EXCLUSIVE = 'cpuset.cpus.exclusive';

export const scenario: Scenario = {
  starts:
    'two guests of two vCPUs in scopes of qemu.slice, beside two guests without policy, a service and a container-like cgroup that never rest and sit on the CPUs that are to be dedicated',
  sees: [
    "a partition below each scope: its CPUs are nobody else's at once, the vCPUs keep their pins, the emulator threads stay outside",
    'nothing but the vCPUs runs there any more, by the account of the threads and of the CPUs',
    'it survives a daemon-reload, a CPUWeight on a sibling scope and on its own, and the stop of the other guest, whose CPUs go back',
    'a partition that is lost is noticed and made again; a neighbour that is let run on the CPUs all the same is not',
    'nothing is left when all is given back',
  ],
  isLong: true,
  hosts: ['trixie'],
  async play(stage) {
    const host = new ExclusiveHost(stage);
    const all = stage.onlineCpus;
    const without = (...cpus: number[]) => all.filter(cpu => !cpus.includes(cpu));
    try {
      await host.startOutsiders('2-5');
      await host.areOn([2, 3, 4, 5]);
      const a = await host.dedicated('701', [2, 3]);
      const b = await host.dedicated('702', [4, 5]);
      const vcpus = (guest: { readonly scope: string }) => `${guest.scope}/vcpus`;
      for (const guest of [a, b]) {
        const report = await take(guest, 'auto');
        stage.check(`in force for ${guest.vm}`, [report.inForce, report.repin], ['partition', []]);
        stage.check(`partition of ${guest.vm}`, cgroupText(vcpus(guest), PARTITION), 'root');
      }
      stage.check('CPUs of everybody else', cgroupCpus(''), without(2, 3, 4, 5));
      stage.check('masks of guest 701', masksOf(a.pid).sort(), ['0', '2', '3']);
      for (const [name, pid] of host.outsiders)
        stage.check(`mask of ${name}`, masksOf(pid), [without(2, 3, 4, 5).join(',')]);
      await host.staysOff([2, 3, 4, 5], [a, b]);

      await stage.program('systemctl', 'daemon-reload');
      await stage.program('systemctl', 'set-property', '--runtime', '903.scope', 'CPUWeight=50');
      await stage.program('systemctl', 'set-property', '--runtime', '701.scope', 'CPUWeight=200');
      await host.stop(b);
      stage.check('partition of 701 after all that', cgroupText(vcpus(a), PARTITION), 'root');
      stage.check("its neighbour's CPUs are back", cgroupCpus(''), without(2, 3));
      stage.check('the slice before 702 is given back', cgroupCpus('/qemu.slice', EXCLUSIVE), [2, 3, 4, 5]);
      await giveBack(b);
      stage.check('the slice afterwards', cgroupCpus('/qemu.slice', EXCLUSIVE), [2, 3]);
      await host.staysOff([2, 3], [a]);

      await stage.program('systemctl', 'set-property', '--runtime', '903.scope', 'AllowedCPUs=2-6');
      stage.check(
        'a neighbour that is let run there keeps to what it asked for of the rest',
        [masksOf(host.outsiders.get('guest 903')!), cgroupText(vcpus(a), PARTITION)],
        [['4,5'], 'root'],
      );
      const fine = await check([a], { mode: 'auto', repair: false });
      stage.check('what a check finds', fine.findings, []);
      await stage.program('sh', '-c', `echo member > /sys/fs/cgroup${vcpus(a)}/${PARTITION}`);
      const lost = await check([a], { mode: 'auto', repair: false });
      stage.check('in force once it is lost', lost.inForce, { 701: 'none' });
      stage.check('findings', lost.findings.length, 1);
      stage.holds('the finding names the guest', lost.findings[0]!.vm === '701', lost.findings[0]!.sentence);
      const healed = await check([a], { mode: 'auto', repair: true });
      stage.check('in force after the repair', healed.inForce, { 701: 'partition' });
      await host.staysOff([2, 3], [a]);

      await giveBack(a);
      stage.check(
        'given back while it runs: CPUs of all, the slice, pins, the child',
        [
          cgroupCpus(''),
          cgroupCpus('/qemu.slice', EXCLUSIVE),
          masksOf(a.pid).sort(),
          cgroupText(vcpus(a), 'cgroup.type'),
        ],
        [all, [], ['0', '2', '3'], '(no such file)'],
      );
      await host.stop(a);
      stage.check('something is remembered', host.remembers, false);
    } finally {
      await host.end();
    }
    stage.check('CPUs of everybody at the end', cgroupCpus(''), all);
  },
};
