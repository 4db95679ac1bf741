import * as driver from '../opennebula/drive.ts';
import type { GuestTemplate } from '../opennebula/template.ts';
import type { SecondHost } from '../player/second-host.ts';
import type { Running, Stage } from '../player/stage.ts';
import type { Scenario } from './scenario.ts';

const DEDICATED = { HW_CPU_POLICY: 'dedicated' };
const GUEST = { id: 170, vcpus: 1, memoryMiB: 64, pinfold: DEDICATED };
const IN_THE_WAY = { id: 171, vcpus: 1, memoryMiB: 64, pinfold: DEDICATED };
const PLAIN = { id: 172, vcpus: 1, memoryMiB: 64, pinfold: DEDICATED };

export const scenario: Scenario = {
  starts:
    'a dedicated guest, and a second host to which it is migrated live, first in vain and then for good',
  sees: [
    'it stays, on its CPU, where the other host has no room, and its owner reads why',
    'it stays, on its CPU, where libvirt fails, and the other host holds nothing for it any more',
    'it is born on the CPU that the other host decided, not on the one that it had, whatever kvmrc says of options',
    'there, ledger, libvirt and the kernel agree, reconcile finds nothing, and here nothing is left of it',
    'a host without Pinfold gets it without any pin of this one, and the log says so',
  ],
  hosts: ['this-machine'],
  async play(stage) {
    const [first = 0, second = 1] = stage.onlineCpus;
    await stage.program(
      'sed',
      '-i',
      '$a export MIGRATE_OPTIONS=--unsafe',
      `${stage.host.scripts}/etc/vmm/kvm/kvmrc`,
    );
    const running = await stage.deploy(GUEST);
    const own = vcpu(await stage.agrees(GUEST)).cpus;
    const other = own[0] === first ? second : first;
    const there = await stage.startSecondHost();
    try {
      await there.policy(`cpu_dedicated_set: "${other}"\n`);
      await refusedForRoom(stage, { there, running, own });
      await failsInLibvirt(stage, { there, running, own });
      await arrives(stage, { there, running, other });
      await withoutPinfold(stage, there);
    } finally {
      await there.stop();
    }
  },
};

interface Migration {
  readonly there: SecondHost;
  readonly running: Running;
}

async function refusedForRoom(
  stage: Stage,
  { there, running, own }: Migration & { readonly own: readonly number[] },
) {
  const host = there.driven(stage.host);
  const filled = await driver.deploy(host, IN_THE_WAY, stage.domainXml(IN_THE_WAY));
  stage.check('outcome of the deploy on the second host', filled.result, 'SUCCESS');
  const { result, info } = await stage.migrate(running, there);
  stage.check('outcome of a migration without room', result, 'FAILURE');
  stage.holds('its owner reads why', /node2 has no place for the VM.*needs 1 dedicated CPU/.test(info), info);
  await stays(stage, { there, guest: running.guest, own, others: ['one-171'] });
  const gone = await driver.cancel(host, IN_THE_WAY, filled.deployId);
  stage.check('outcome of the cancel on the second host', gone.result, 'SUCCESS');
}

async function failsInLibvirt(
  stage: Stage,
  { there, running, own }: Migration & { readonly own: readonly number[] },
) {
  // The name is taken by a domain that is off, which libvirt notices and Pinfold does not.
  await there.must(`virsh dumpxml one-170 > /dev/null 2>&1 || true`);
  const off = `<domain type='qemu'><name>one-170</name><memory>65536</memory><os><type>hvm</type></os></domain>`;
  await there.must(`echo "${off}" > /run/off.xml && virsh define /run/off.xml`);
  const { result, info } = await stage.migrate(running, there);
  stage.check('outcome of a migration that libvirt refuses', result, 'FAILURE');
  stage.holds('its owner reads what libvirt says', /already (?:exists|defined)/.test(info), info);
  await stays(stage, { there, guest: running.guest, own, others: [] });
  await there.run('virsh undefine one-170');
}

async function arrives(stage: Stage, { there, running, other }: Migration & { readonly other: number }) {
  const { result, info, log } = await stage.migrate(running, there);
  stage.check('outcome of the migration', [result, info], ['SUCCESS', info]);
  const repaired = log.filter(line => line.includes('not where they were decided'));
  stage.check('threads that were born elsewhere', repaired, []);
  stage.check('domains on the first host', await stage.domains(), []);
  stage.check('ledger of the first host', stage.ledger, []);
  const threads = await there.threads('one-170');
  stage.check('mask of its vCPU on the second host', vcpu({ threads }).cpus, [other]);
  const pins = await there.must('virsh vcpupin one-170');
  stage.holds("libvirt's pin there", new RegExp(`^\\s*0\\s+${other}\\s*$`, 'm').test(pins), pins);
  const [entry, ...more] = await there.ledger();
  const pid = (await there.must('cat /run/libvirt/qemu/one-170.pid')).trim();
  stage.check('ledger there', [entry?.vm, entry?.placement?.pins, more], ['one-170', { 0: `${other}` }, []]);
  stage.check('process of its claim', entry?.process?.split(':')[0], pid);
  await findsNothing(stage, there);
  const record = await there.must('cat /run/pinfold/decisions/one-170.json');
  stage.check('with what it was decided is kept', (JSON.parse(record) as { vm: string }).vm, 'one-170');
  await there.must('virsh destroy one-170');
}

async function withoutPinfold(stage: Stage, there: SecondHost) {
  const running = await stage.deploy(PLAIN);
  await there.must('mv /var/tmp/one/vmm/kvmpinfold /var/tmp/one/vmm/put-away');
  const { result, log } = await stage.migrate(running, there);
  stage.check('outcome of the migration to a host without Pinfold', result, 'SUCCESS');
  const said = log.filter(line => line.includes('Pinfold is not on node2'));
  stage.check('what the log says of it', said.length, 1);
  const xml = await there.must('virsh dumpxml one-172');
  stage.check('pins that it brought along', xml.match(/<(?:vcpupin|emulatorpin|numatune)\b/g), null);
  await there.must('mv /var/tmp/one/vmm/put-away /var/tmp/one/vmm/kvmpinfold');
  await there.must('virsh destroy one-172');
}

/** The guest runs where it ran before, and nothing is held for it on the other host. */
async function stays(
  stage: Stage,
  {
    there,
    guest,
    own,
    others,
  }: {
    readonly there: SecondHost;
    readonly guest: GuestTemplate;
    readonly own: readonly number[];
    readonly others: readonly string[];
  },
) {
  stage.check('mask of its vCPU, as before', vcpu(await stage.agrees(guest)).cpus, own);
  stage.check('domains there', await there.domains(), others);
  const held = (await there.ledger()).map(({ vm }) => vm);
  stage.check('ledger there', held, others);
}

async function findsNothing(stage: Stage, there: SecondHost) {
  const program = `${stage.delivery}/dist/pinfold.cjs`;
  const said = await there.must(`'${process.execPath}' '${program}' reconcile --dry-run --json`);
  stage.check('what reconcile finds there', (JSON.parse(said) as { drift: unknown }).drift, []);
}

function vcpu<T extends { readonly role: string; readonly cpus: readonly number[] }>(seen: {
  readonly threads: readonly T[];
}): T {
  return seen.threads.find(({ role }) => role === 'vcpu')!;
}
