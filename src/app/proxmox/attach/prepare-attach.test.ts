import { textTreeOf } from '../../../formats/text-tree.ts';
import { hostOf } from '../../../machines/host-of.ts';
import { NAMED_MACHINES } from '../../../machines/named-machines.ts';
import { prepareAttach, prepareDetach, type PrepareTools } from './prepare-attach.ts';

const PROFILES = `
database: { extra_specs: { "hw:cpu_policy": dedicated, "hw:numa_nodes": "2" } }
near: { extra_specs: { "pinfold:confine": cell } }
`;

/** VM 100 on pve1 with these files besides its own. */
function tools(config: string, more: Readonly<Record<string, string>> = {}): PrepareTools {
  const files = new Map(
    Object.entries({
      '/etc/pve/qemu-server/100.conf': config,
      '/etc/pve/pinfold/profiles.yaml': PROFILES,
      '/etc/pve/pinfold/policy.yaml': 'trust_tags: any\nreserved_host_memory_mb: 512\n',
      ...more,
    }),
  );
  const node: PrepareTools['node'] = {
    name: 'pve1',
    files: textTreeOf(files),
    writeAtomically: (path, text) => void files.set(path, text),
  };
  return {
    vmid: '100',
    node,
    folders: { policy: '/etc/pve/pinfold', state: '/run/pinfold' },
    readHost: policy => Promise.resolve(hostOf(NAMED_MACHINES['dual-socket-smt'], policy)),
  };
}

const PLAIN = 'cores: 4\nmemory: 4096\n';
const RECORD = JSON.stringify({
  kind: 'pinfold/attached',
  version: 1,
  vm: '100',
  profile: 'near',
  keys: { tags: { before: null, after: 'pin-near' } },
});

test('the profile is the one named, else the one attached, else the one of the tag', async () => {
  const attached = { '/etc/pve/pinfold/attached/100.json': RECORD };
  const profileOf = async (config: string, named: string | null, more = {}) =>
    (await prepareAttach(tools(config, more), named)).record.profile;
  expect(await profileOf(`${PLAIN}tags: pin-near\n`, 'database', attached)).toBe('database');
  expect(await profileOf(`${PLAIN}tags: pin-database\n`, null, attached)).toBe('near');
  expect(await profileOf(`${PLAIN}tags: pin-database\n`, null)).toBe('database');
});

test('no profile, an unknown one and no profiles at all are told', async () => {
  await expect(prepareAttach(tools(PLAIN), null)).rejects.toThrow(
    'VM 100 has no tag that names one profile: name one of database, near.',
  );
  await expect(prepareAttach(tools(PLAIN), 'databse')).rejects.toThrow(/the nearest is "database"/);
  const none = tools(PLAIN, { '/etc/pve/pinfold/profiles.yaml': '' });
  await expect(prepareAttach(none, 'database')).rejects.toThrow(/There are no profiles/);
});

test('a VM whose QEMU runs is known as running', async () => {
  const running = tools(PLAIN, {
    '/var/run/qemu-server/100.pid': '4711\n',
    '/proc/4711/stat': `4711 (kvm) S ${Array.from({ length: 40 }, (_, field) => field).join(' ')}`,
  });
  await expect(prepareAttach(running, 'database')).rejects.toThrow(/VM 100 runs/);
  expect((await prepareAttach(running, 'near')).changes.map(({ key }) => key)).toEqual([
    'hookscript',
    'tags',
  ]);
});

test('a pid file that a crash left, whose number another process has by now, keeps no VM from being attached', async () => {
  const at = (words: readonly string[]) =>
    prepareAttach(
      tools(PLAIN, {
        '/var/run/qemu-server/100.pid': '4711\n',
        '/proc/4711/stat': `4711 (x) S ${Array.from({ length: 40 }, (_, field) => field).join(' ')}`,
        '/proc/4711/cmdline': words.map(word => `${word}\0`).join(''),
      }),
      'database',
    );
  expect((await at(['postgres', '100'])).changes.map(({ key }) => key)).toContain('numa0');
  await expect(at(['/usr/bin/kvm', '-id', '100'])).rejects.toThrow(/VM 100 runs/);
  await expect(at(['qemu', '-pidfile', '/var/run/qemu-server/100.pid'])).rejects.toThrow(/VM 100 runs/);
});

test('detach needs a record, and gives back by it', () => {
  expect(() => prepareDetach(tools(PLAIN))).toThrow(/VM 100 is not attached/);
  const plan = prepareDetach(
    tools(`${PLAIN}tags: pin-near\n`, { '/etc/pve/pinfold/attached/100.json': RECORD }),
  );
  expect(plan.text).toBe(PLAIN);
});

describe('a number that another VM had before', () => {
  const uuid = (digit: string) => `${digit.repeat(8)}-0000-4000-8000-000000000000`;
  const config = (smbios: string, generation: string, more = '') =>
    `cores: 4\nhookscript: local:snippets/pinfold\nmemory: 4096\n${more}smbios1: uuid=${uuid(smbios)},family=x\ntags: pin-near\nvmgenid: ${uuid(generation)}\n`;
  const old = JSON.stringify({
    ...(JSON.parse(RECORD) as object),
    identity: { smbios1: uuid('a'), vmgenid: uuid('b') },
    keys: {
      hookscript: { before: 'local:snippets/old.pl', after: 'local:snippets/pinfold' },
      tags: { before: 'web', after: 'pin-near' },
    },
  });
  const withOld = (text: string) => tools(text, { '/etc/pve/pinfold/attached/100.json': old });

  test('gets nothing of that VM: neither its hook script by attach nor its values by detach', async () => {
    const plan = await prepareAttach(withOld(config('c', 'd')), null);
    expect([plan.chained, plan.changes]).toEqual([null, []]);
    expect(plan.record.identity).toEqual({ smbios1: uuid('c'), vmgenid: uuid('d') });
    expect(() => prepareDetach(withOld(config('c', 'd')))).toThrow(/is of an earlier VM 100/);
  });

  test.each([
    ['a rollback', config('a', 'd')],
    ['another SMBIOS', config('c', 'b')],
    ['no numbers at all', config('c', 'd').replace(/^(smbios1|vmgenid).*\n/gm, '')],
  ])('is not taken for another VM after %s', async (_, text) => {
    expect((await prepareAttach(withOld(text), null)).chained).toBe('local:snippets/old.pl');
    expect(prepareDetach(withOld(text)).text).toMatch(/^hookscript: local:snippets\/old\.pl$/m);
  });
});
