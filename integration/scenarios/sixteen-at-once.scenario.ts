import type { Scenario } from './scenario.ts';

const GUESTS = 16;

export const scenario: Scenario = {
  starts: `${GUESTS} deploys of dedicated one-vCPU guests at the same moment, as the driver's -p does`,
  sees: [
    'as many start as there are CPUs, each with a CPU of its own; all others are refused',
    'no domain and no ledger entry is left of those that were refused',
    "ledger, libvirt's XML and the kernel agree on every thread of every guest that runs",
  ],
  hosts: ['this-machine'],
  async play(stage) {
    const guests = Array.from({ length: GUESTS }, (_, index) => ({
      id: 220 + index,
      vcpus: 1,
      memoryMiB: 32,
      pinfold: { HW_CPU_POLICY: 'dedicated' },
    }));
    const ends = await Promise.all(guests.map(guest => stage.tryDeploy(guest)));
    const started = guests.filter((_, index) => ends[index]!.result === 'SUCCESS');
    const refusals = ends.filter(end => end.result === 'FAILURE').map(end => end.info);
    stage.check('guests that started', [started.length, refusals], [stage.onlineCpus.length, refusals]);
    stage.holds(
      'every refusal is about CPUs, none about a lock or a fault',
      refusals.every(text => /dedicated|CPU/.test(text) && !/lock|fault|slow/i.test(text)),
      [...new Set(refusals)],
    );
    const names = started.map(guest => `one-${guest.id}`).sort();
    stage.check('domains', await stage.domains(), names);
    stage.check('VMs in the ledger', stage.ledger.map(entry => entry.vm).sort(), names);
    const taken: number[] = [];
    for (const guest of started) {
      const { threads } = await stage.agrees(guest);
      taken.push(...threads.filter(({ role }) => role === 'vcpu').flatMap(({ cpus }) => cpus));
    }
    stage.check(
      'CPUs of all vCPU threads',
      taken.sort((a, b) => a - b),
      stage.onlineCpus,
    );
  },
};
