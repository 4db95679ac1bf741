import fc from 'fast-check';
import type { NodePolicy, Profile } from '../../../domain/node-policy.ts';
import { parseVmConfig } from '../../../formats/proxmox/parse-vm-config.ts';
import { readGuestConfig } from '../../../formats/proxmox/read-guest-config.ts';
import { textTreeOf } from '../../../formats/text-tree.ts';
import { hostOf } from '../../../machines/host-of.ts';
import { NAMED_MACHINES } from '../../../machines/named-machines.ts';
import type { Claim } from '../../../domain/claim.ts';
import type { Machine } from '../../../machines/machine.ts';
import { PVE_CONFIGS } from '../../../testing/pve-configs.ts';
import type { AttachRecord } from './attach-record.ts';
import { planAttach, type AttachPlan } from './plan-attach.ts';
import { planDetach } from './plan-detach.ts';

interface Case {
  readonly specs?: Readonly<Record<string, string>>;
  readonly profile?: Partial<Profile>;
  readonly policy?: NodePolicy;
  readonly machine?: Machine;
  readonly claims?: readonly Claim[];
  readonly record?: AttachRecord | null;
  readonly isRunning?: boolean;
  readonly registered?: string;
}

const DEDICATED = { 'hw:cpu_policy': 'dedicated' };

/** Attaches profile database, dedicated CPUs unless it says otherwise, to VM 100 on pve1, which has two cells. */
function attach(configText: string, given: Case = {}): Promise<AttachPlan> {
  const { machine = NAMED_MACHINES['dual-socket-smt'], policy = {}, claims = [] } = given;
  return planAttach({
    vmid: '100',
    configText,
    profileName: 'database',
    profile: { extra_specs: given.specs ?? DEDICATED, tenant_may: [], requeue: false, ...given.profile },
    profileNames: ['database', 'near'],
    policy,
    host: hostOf(machine, {}, claims),
    node: 'pve1',
    files: textTreeOf(
      new Map([['/etc/pve/datacenter.cfg', `registered-tags: ${given.registered ?? 'pin-database'}\n`]]),
    ),
    record: given.record ?? null,
    isRunning: given.isRunning ?? false,
  });
}

const keysOf = (plan: AttachPlan) => Object.fromEntries(plan.changes.map(({ key, after }) => [key, after]));
const PLAIN = 'cores: 4\nmemory: 4096\nname: db\n';

test('a VM with more vCPUs than any machine has is not attached', async () => {
  await expect(attach('sockets: 4000000000\ncores: 4\nmemory: 4096\n')).rejects.toThrow(/no machine of QEMU/);
});

describe('what attach changes', () => {
  test('a guest of one cell gets the hook script and the tag, nothing else', async () => {
    const plan = await attach(PLAIN);
    expect(plan.text).toBe(
      'cores: 4\nhookscript: local:snippets/pinfold\nmemory: 4096\nname: db\ntags: pin-database\n',
    );
    expect(plan).toMatchObject({ chained: null, isStrict: true, warnings: [] });
    expect(plan.changes).toEqual([
      { key: 'hookscript', before: null, after: 'local:snippets/pinfold' },
      { key: 'tags', before: null, after: 'pin-database' },
    ]);
  });

  test('two guest cells are written with host cells that they fit on, and the guest is said to see them', async () => {
    const plan = await attach(PLAIN, { specs: { ...DEDICATED, 'hw:numa_nodes': '2' } });
    expect(keysOf(plan)).toMatchObject({
      numa: '1',
      numa0: 'cpus=0-1,hostnodes=0,memory=2048,policy=bind',
      numa1: 'cpus=2-3,hostnodes=1,memory=2048,policy=bind',
    });
    expect(plan.warnings).toEqual([
      'The guest of VM 100 will see 2 guest cells (vCPUs 0-1 with 2048 MiB, vCPUs 2-3 with 2048 MiB) instead of one guest cell: if it is installed, see that nothing in it is bound to the cells that it saw (numactl, CPU sets, licences).',
    ]);
  });

  test('vCPUs that are plugged in later belong to a guest cell too', async () => {
    const plan = await attach('sockets: 2\ncores: 4\nvcpus: 4\nmemory: 4096\n', {
      specs: { ...DEDICATED, 'hw:numa_nodes': '2' },
    });
    expect(keysOf(plan)).toMatchObject({
      numa0: 'cpus=0-3,hostnodes=0,memory=2048,policy=bind',
      numa1: 'cpus=4-7,hostnodes=1,memory=2048,policy=bind',
    });
  });

  test('pinfold:auto_numa splits a guest that is larger than any cell, and only that', async () => {
    const specs = { ...DEDICATED, 'pinfold:auto_numa': 'true' };
    expect(keysOf(await attach(PLAIN, { specs }))).not.toHaveProperty('numa');
    const plan = await attach('cores: 24\nmemory: 8192\n', { specs });
    expect(keysOf(plan)).toMatchObject({
      numa0: 'cpus=0-11,hostnodes=0,memory=4096,policy=bind',
      numa1: 'cpus=12-23,hostnodes=1,memory=4096,policy=bind',
    });
  });

  test('cells that the config shows by its sockets are kept and get host cells', async () => {
    const plan = await attach('sockets: 2\ncores: 2\nmemory: 4096\nnuma: 1\n');
    expect(keysOf(plan)).toMatchObject({
      numa0: 'cpus=0-1,hostnodes=0,memory=2048,policy=bind',
      numa1: 'cpus=2-3,hostnodes=1,memory=2048,policy=bind',
    });
    expect(plan.warnings).toEqual([]);
  });

  test('huge pages are written where they are asked for, with a host cell even for one guest cell', async () => {
    const plan = await attach(PLAIN, { specs: { ...DEDICATED, 'hw:mem_page_size': '2MB' } });
    expect(keysOf(plan)).toMatchObject({
      hugepages: '2',
      numa: '1',
      numa0: 'cpus=0-3,hostnodes=0,memory=4096,policy=bind',
    });
    const large = await attach(PLAIN, { specs: { ...DEDICATED, 'hw:mem_page_size': 'large' } });
    expect(keysOf(large)).toMatchObject({ hugepages: '1024' });
    const small = await attach(`${PLAIN}hugepages: 2\nnuma: 1\n`, {
      specs: { ...DEDICATED, 'hw:mem_page_size': 'small' },
    });
    expect(keysOf(small)).toMatchObject({ hugepages: null, numa: null });
  });

  test('host cells that are named already stay while the guest fits there', async () => {
    const text = `${PLAIN}numa: 1\nnuma0: cpus=0-1,hostnodes=1,memory=2048,policy=bind\nnuma1: cpus=2-3,hostnodes=0,memory=2048,policy=bind\n`;
    expect(keysOf(await attach(text))).toEqual({
      hookscript: 'local:snippets/pinfold',
      tags: 'pin-database',
    });
  });

  test('host cells are free ones; where none are, those of an empty node, with a warning', async () => {
    const taken = (pcpus: string, hostCell: number): Claim => ({
      vm: `9${hostCell}`,
      source: 'observed',
      cells: [{ hostCell, pcpus, sharedVcpus: 0, memoryMiB: 1024, pageSizeKiB: null, pages: 262144 }],
    });
    const specs = { ...DEDICATED, 'hw:mem_page_size': '2048' };
    const one = await attach(PLAIN, { specs, claims: [taken('0-7,16-23', 0)] });
    expect(keysOf(one)['numa0']).toMatch(/hostnodes=1,/);
    const none = await attach(PLAIN, { specs, claims: [taken('0-7,16-23', 0), taken('8-15,24-31', 1)] });
    expect(keysOf(none)['numa0']).toMatch(/hostnodes=0,/);
    expect(none.warnings[0]).toMatch(
      /^VM 100 does not fit on this node as it is now, so it is given host cells 0/,
    );
  });

  test('tags of other profiles go, all others stay', async () => {
    expect(keysOf(await attach(`${PLAIN}tags: web;pin-near;pin-up\n`))).toMatchObject({
      tags: 'web;pin-up;pin-database',
    });
    expect(keysOf(await attach(`${PLAIN}tags: Pin-Database\n`))).not.toHaveProperty('tags');
  });

  test('a tag that is not registered is warned about, unless all tags are trusted', async () => {
    expect((await attach(PLAIN, { registered: '' })).warnings[0]).toMatch(
      /^The tag pin-database is not registered/,
    );
    expect((await attach(PLAIN, { registered: '', policy: { trust_tags: 'any' } })).warnings).toEqual([]);
  });

  test('a hook script that was there is chained', async () => {
    const plan = await attach(`${PLAIN}hookscript: local:snippets/old.sh\n`);
    expect(plan.chained).toBe('local:snippets/old.sh');
    expect(plan.record.keys['hookscript']).toEqual({
      before: 'local:snippets/old.sh',
      after: 'local:snippets/pinfold',
    });
  });

  test('a VM may float where its profile says so', async () => {
    expect((await attach(PLAIN, { profile: { on_refusal: 'float' } })).isStrict).toBe(false);
  });
});

describe('what attach refuses', () => {
  const twoCells = { ...DEDICATED, 'hw:numa_nodes': '2' };
  const far: Machine = { ...NAMED_MACHINES['dual-socket-smt'], devices: [], oddities: { cellIds: [10, 11] } };
  test.each<readonly [string, string, Case, RegExp]>([
    [
      'guest threads',
      PLAIN,
      { specs: { ...DEDICATED, 'hw:cpu_threads': '2' } },
      /cannot tell a guest of 2 threads per core/,
    ],
    [
      'locked memory',
      PLAIN,
      { specs: { ...DEDICATED, 'hw:mem_page_size': 'small', 'hw:locked_memory': 'true' } },
      /cannot lock the memory/,
    ],
    [
      'bits of the physical address',
      PLAIN,
      { specs: { ...DEDICATED, 'hw:maxphysaddr_mode': 'passthrough' } },
      /hw:maxphysaddr_mode/,
    ],
    [
      'another topology',
      PLAIN,
      { specs: { ...DEDICATED, 'hw:cpu_sockets': '2' } },
      /hw:cpu_sockets=2 cannot be had/,
    ],
    [
      'pages of 64 KiB',
      PLAIN,
      { specs: { ...DEDICATED, 'hw:mem_page_size': '64' } },
      /only huge pages of 2 and 1024 MiB/,
    ],
    [
      'nine guest cells',
      'cores: 9\nmemory: 9216\n',
      { specs: { ...DEDICATED, 'hw:numa_nodes': '9' } },
      /at most 8 cells/,
    ],
    [
      'memory hotplug beside guest cells',
      `${PLAIN}hotplug: memory,cpu\n`,
      { specs: twoCells },
      /has memory hotplug/,
    ],
    [
      'memory that is no multiple of its pages',
      'cores: 2\nmemory: 1500\n',
      { specs: { ...DEDICATED, 'hw:mem_page_size': '1GB' } },
      /no multiple of its huge pages of 1024 MiB/,
    ],
    [
      'huge pages beyond host cell 9',
      PLAIN,
      { specs: { ...DEDICATED, 'hw:mem_page_size': '2MB' }, machine: far },
      /does not fit even on an empty node/,
    ],
    [
      'a guest larger than the node',
      'cores: 64\nmemory: 4096\n',
      { specs: twoCells },
      /does not fit even on an empty node: /,
    ],
    [
      'a hook script on another storage',
      `${PLAIN}hookscript: nfs:snippets/a\n`,
      {},
      /nfs:snippets\/a, and Pinfold's calls only one in local:snippets/,
    ],
    ['an affinity of its own', `${PLAIN}affinity: 0-3\n`, {}, /qm set 100 --delete affinity/],
    ['a locked VM', `${PLAIN}lock: backup\n`, {}, /is locked \(backup\)/],
    ['pending changes of its cells', `${PLAIN}\n[PENDING]\ndelete: numa0\n`, {}, /pending changes of numa0/],
    [
      'new cells under a running guest',
      PLAIN,
      { specs: twoCells, isRunning: true },
      /runs, and what its guest sees \(numa, numa0, numa1\)/,
    ],
    [
      'options that contradict each other',
      PLAIN,
      { specs: { 'pinfold:confine': 'cell', 'hw:numa_nodes': '2' } },
      /contradicts a guest of 2 cells/,
    ],
  ])('%s', async (_, text, given, sentence) => {
    await expect(attach(text, given)).rejects.toThrow(sentence);
  });

  test('a running VM may still get hook script and tag', async () => {
    expect(keysOf(await attach(PLAIN, { isRunning: true }))).toHaveProperty('tags');
  });
});

describe('detach', () => {
  const detach = (configText: string, record: AttachRecord) =>
    planDetach({ vmid: '100', configText, record, isRunning: false });

  test('gives back every configuration byte for byte', async () => {
    const options = fc.record({
      name: fc.constantFrom(...Object.keys(PVE_CONFIGS)),
      numa: fc.constantFrom({}, { 'hw:numa_nodes': '2' }, { 'hw:numa_nodes': '1' }),
      pages: fc.constantFrom({}, { 'hw:mem_page_size': '2MB' }, { 'hw:mem_page_size': 'small' }),
    });
    let attached = 0;
    await fc.assert(
      fc.asyncProperty(options, async ({ name, numa, pages }) => {
        const text = PVE_CONFIGS[name]!;
        const plan = await attach(text, { specs: { ...DEDICATED, ...numa, ...pages } }).catch(() => null);
        if (plan === null) return;
        attached += 1;
        expect(detach(plan.text, plan.record).text).toBe(text);
        const twice = await attach(plan.text, {
          specs: { ...DEDICATED, ...numa, ...pages },
          record: plan.record,
        });
        expect(twice).toMatchObject({ text: plan.text, changes: [], record: plan.record });
      }),
      { numRuns: 60 },
    );
    expect(attached).toBeGreaterThan(10);
  });

  test('host cells that a start rewrote do not keep a key from going back', async () => {
    const { text, record } = await attach(PLAIN, { specs: { ...DEDICATED, 'hw:numa_nodes': '2' } });
    const rewritten = text.replace('hostnodes=0', 'hostnodes=7');
    expect(detach(rewritten, record).text).toBe(PLAIN);
    const again = await attach(rewritten, { specs: DEDICATED, record });
    expect(again.text).toBe((await attach(PLAIN)).text);
  });

  test('what the user changed since stays, with a warning; tags are taken off one by one', async () => {
    const { text, record } = await attach(`${PLAIN}tags: web;pin-near\n`, {
      specs: { ...DEDICATED, 'hw:numa_nodes': '2' },
    });
    const changed = text
      .replace('numa: 1', 'numa: 0')
      .replace('tags: web;pin-database', 'tags: web;pin-database;mine');
    const plan = detach(changed, record);
    expect(parseVmConfig(plan.text).main.values.get('tags')).toBe('web;mine;pin-near');
    expect(plan.warnings[0]).toBe(
      '"numa" of VM 100 was changed after it was attached (now "0"), so it stays.',
    );
    expect(readGuestConfig(parseVmConfig(plan.text)).cells).toEqual([]);
  });

  test('a running guest keeps the cells that it sees', async () => {
    const { text, record } = await attach(PLAIN, { specs: { ...DEDICATED, 'hw:numa_nodes': '2' } });
    expect(() => planDetach({ vmid: '100', configText: text, record, isRunning: true })).toThrow(
      /VM 100 runs/,
    );
  });
});
