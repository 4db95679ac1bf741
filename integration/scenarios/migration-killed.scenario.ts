import { sleep, waitUntil } from '../kit/wait-until.ts';
import type { SecondHost } from '../player/second-host.ts';
import type { Stage } from '../player/stage.ts';
import type { Scenario } from './scenario.ts';

const DEDICATED = { HW_CPU_POLICY: 'dedicated' };
const GUESTS = [173, 174].map(id => ({ id, vcpus: 1, memoryMiB: 64, pinfold: DEDICATED }));

export const scenario: Scenario = {
  starts:
    'two dedicated guests, one after the other, whose live migration is slow; Pinfold is killed meanwhile, once on the destination, once on the source',
  sees: [
    'the guest arrives all the same, on the CPU that was decided for it there',
    'the next reader there makes the lease that was left behind the claim of its process, and reconcile finds nothing',
    'on the source nothing is held for it any more',
    'the owner of the one whose script was killed reads where to look',
  ],
  hosts: ['this-machine'],
  async play(stage) {
    const [first = 0, second = 1] = stage.onlineCpus;
    // One MiB a second: long enough to be met under way.
    const kvmrc = `${stage.host.scripts}/etc/vmm/kvm/kvmrc`;
    await stage.program('sed', '-i', '$a export MIGRATE_OPTIONS=--bandwidth=1', kvmrc);
    const there = await stage.startSecondHost();
    try {
      for (const [index, guest] of GUESTS.entries()) {
        const name = `one-${guest.id}`;
        const running = await stage.deploy(guest);
        const own = (await stage.agrees(guest)).threads.find(({ role }) => role === 'vcpu')!.cpus[0];
        const other = own === first ? second : first;
        await there.policy(`cpu_dedicated_set: "${other}"\n`);
        const migration = stage.migrate(running, there);
        await kill(stage, there, { name, onSource: index === 1 });
        const { result, info, log } = await migration;
        if (index === 0) {
          stage.check('outcome of the migration', result, 'SUCCESS');
          const said = log.filter(line => line.includes('did not confirm'));
          stage.check('what the log says of it', said.length, 1);
        } else
          stage.holds(
            'its owner reads where to look',
            /Pinfold was killed while the VM migrated/.test(info),
            info,
          );
        await arrived(stage, { there, name, other });
      }
    } finally {
      await there.stop();
    }
  },
};

/** Ends Pinfold's program as soon as the guest's QEMU is there and its memory is copied. */
async function kill(
  stage: Stage,
  there: SecondHost,
  { name, onSource }: { readonly name: string; readonly onSource: boolean },
) {
  await waitUntil(
    async () => ((await there.run(`test -s /run/libvirt/qemu/${name}.pid`)).code === 0 ? true : null),
    { what: `QEMU of ${name} on the second host`, timeoutMs: 30_000, everyMs: 50 },
  );
  stage.check(
    'holder of the claim there, under way',
    (await there.ledger()).map(({ vm, process }) => [vm, process]),
    [[name, null]],
  );
  const program = 'pinfold/hook-opennebula.cjs';
  if (onSource) {
    const found = await stage.program('pgrep', '-f', `^node .*${program} migrate`);
    for (const pid of found.trim().split('\n')) process.kill(Number(pid), 'SIGKILL');
  } else await there.must(`kill -KILL $(pgrep -f '^[n]ode .*${program} arrive')`);
  stage.say(`killed Pinfold on the ${onSource ? 'source' : 'destination'}`);
}

async function arrived(
  stage: Stage,
  { there, name, other }: { readonly there: SecondHost; readonly name: string; readonly other: number },
) {
  await waitUntil(
    async () =>
      (await stage.domains()).includes(name) || !(await there.domains()).includes(name) ? null : true,
    { what: `the end of ${name}'s migration`, timeoutMs: 120_000 },
  );
  await sleep(500);
  const program = `'${process.execPath}' '${stage.delivery}/dist/pinfold.cjs' reconcile --json`;
  const first = JSON.parse(await there.must(program)) as {
    drift: readonly { code: string; repair: string }[];
  };
  stage.say(`reconcile there: ${JSON.stringify(first.drift)}`);
  const pid = (await there.must(`cat /run/libvirt/qemu/${name}.pid`)).trim();
  const entries = (await there.ledger()).map(({ vm, process: held, placement }) => [
    vm,
    held?.split(':')[0],
    placement?.pins,
  ]);
  stage.check('ledger there', entries, [[name, pid, { 0: `${other}` }]]);
  const vcpu = (await there.threads(name)).find(({ role }) => role === 'vcpu');
  stage.check('mask of its vCPU there', vcpu?.cpus, [other]);
  const next = JSON.parse(await there.must(program)) as { drift: unknown; changes: unknown };
  stage.check('what the next reconcile there finds and does', [next.drift, next.changes], [[], []]);
  // A process of the second host is seen by the first one, too, which no real host does; so this is asked behind its end.
  await there.must(`virsh destroy ${name}`);
  await stage.pinfold('reconcile');
  stage.check('ledger of the source', stage.ledger, []);
}
