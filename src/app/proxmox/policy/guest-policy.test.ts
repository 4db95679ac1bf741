import { textTreeOf } from '../../../formats/text-tree.ts';
import { guestPolicy, type GuestPolicy } from './guest-policy.ts';

const PROFILES = `
database:
  extra_specs: { "hw:cpu_policy": dedicated }
  tenant_may: [hw_numa_nodes, hw_mem_page_size, hw_numa_cpus]
  requeue: true
near:
  extra_specs: { "pinfold:confine": cell }
  on_refusal: float
huge:
  extra_specs: { "hw:cpu_policy": dedicated, "hw:mem_page_size": large }
wide:
  extra_specs: { "hw:cpu_policy": dedicated, "pinfold:auto_numa": "true" }
reserve:
  extra_specs: { "hw:cpu_policy": dedicated, "pinfold:reserve_hotplug": "true" }
two:
  extra_specs: { "hw:cpu_policy": dedicated, "hw:numa_nodes": "2" }
  on_refusal: float
sockets:
  extra_specs: { "hw:cpu_policy": dedicated, "hw:cpu_sockets": "2" }
`;
const REGISTERED =
  'registered-tags: pin-database;pin-near;pin-huge;pin-wide;pin-reserve;pin-two;pin-sockets;pin-datbase\n';

interface World {
  readonly policy?: string;
  readonly own?: string;
  readonly profiles?: string;
  readonly datacenter?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** What is to be done with VM 100 of this configuration on pve1. */
function policyOf(configText: string, world: World = {}): Promise<GuestPolicy> {
  const files = new Map<string, string>([
    ['/etc/pve/pinfold/profiles.yaml', world.profiles ?? PROFILES],
    ['/etc/pve/datacenter.cfg', world.datacenter ?? REGISTERED],
    ...Object.entries(world.files ?? {}),
  ]);
  if (world.policy !== undefined) files.set('/etc/pve/pinfold/policy.yaml', world.policy);
  if (world.own !== undefined) files.set('/etc/pve/pinfold/nodes/pve1.yaml', world.own);
  return guestPolicy({
    vmid: '100',
    configText,
    node: { name: 'pve1', files: textTreeOf(files), writeAtomically: () => undefined },
    folders: { policy: '/etc/pve/pinfold', state: '/run/pinfold' },
  });
}

async function ours(configText: string, world: World = {}) {
  const policy = await policyOf(configText, world);
  if (policy.kind !== 'ours') throw new Error(JSON.stringify(policy));
  return policy;
}

async function reasonOf(configText: string, world: World = {}): Promise<string> {
  const policy = await policyOf(configText, world);
  if (policy.kind !== 'failed') throw new Error(JSON.stringify(policy));
  return policy.reason;
}

const PLAIN = 'cores: 4\nmemory: 4096\ntags: pin-database;web\n';

describe('which VMs are placed', () => {
  test('a VM without a tag of ours is none, even when the policy files are damaged', async () => {
    expect(await policyOf('cores: 4\ntags: web\n', { profiles: '[', policy: '{' })).toEqual({ kind: 'none' });
  });

  test('tags of snapshots do not count', async () => {
    expect(await policyOf('cores: 4\n\n[before]\ntags: pin-database\n')).toEqual({ kind: 'none' });
  });

  test('a registered tag chooses its profile', async () => {
    const policy = await ours(PLAIN);
    expect(policy).toMatchObject({
      profile: 'database',
      mayRequeue: true,
      onRefusal: 'strict',
      warnings: [],
    });
    expect(policy.request).toMatchObject({
      vm: '100',
      vcpus: 4,
      memoryMiB: 4096,
      carrier: 'proxmox',
      extraSpecs: { 'hw:cpu_policy': 'dedicated' },
    });
  });

  test('two profiles, an unknown one and an unregistered one are told in one sentence', async () => {
    expect(await reasonOf('tags: pin-database;pin-near\n')).toBe(
      'The tags pin-database and pin-near of VM 100 name 2 profiles, but a VM follows one: take the others off.',
    );
    expect(await reasonOf('tags: pin-datbase\n')).toBe(
      'The tag pin-datbase of VM 100 names the profile "datbase", which profiles.yaml does not have (the nearest is "database"): correct the tag, or add the profile to /etc/pve/pinfold/profiles.yaml.',
    );
    expect(await reasonOf(PLAIN, { datacenter: '' })).toMatch(
      /^The tag pin-database of VM 100 names a profile but is not registered/,
    );
  });

  test('an unregistered tag that names no profile is somebody else’s', async () => {
    expect(await policyOf('tags: pin-code\n')).toEqual({ kind: 'none' });
  });

  test('trust_tags: any lets every tag choose', async () => {
    expect(await ours(PLAIN, { datacenter: '', policy: 'trust_tags: any\n' })).toMatchObject({
      profile: 'database',
    });
  });

  test('of a registered and an unregistered tag the registered one counts, with a warning', async () => {
    const policy = await ours('tags: pin-database;pin-huge\n', {
      datacenter: 'registered-tags: pin-database\n',
    });
    expect(policy.profile).toBe('database');
    expect(policy.warnings).toEqual([
      'The tag pin-huge of VM 100 is not registered, so it does not count beside pin-database: take it off.',
    ]);
  });

  test('the prefix is the policy’s, the node’s own over that of all nodes', async () => {
    const world = { policy: 'tag_prefix: "numa-"\ntrust_tags: any\n' };
    expect(await policyOf(PLAIN, world)).toEqual({ kind: 'none' });
    expect(await ours('tags: numa-database\n', world)).toMatchObject({ profile: 'database' });
    expect(await ours('tags: x.database\n', { ...world, own: 'tag_prefix: x.\n' })).toMatchObject({
      profile: 'database',
    });
  });

  test('affinity and pinning of the user are respected', async () => {
    for (const own of ['affinity: 0-3', 'pinning: numa'])
      expect(await policyOf(`${PLAIN}${own}\n`)).toMatchObject({ kind: 'foreign' });
  });
});

describe('who has the last word on a failure', () => {
  test('the profile over the node over all nodes, strict where nobody speaks', async () => {
    expect((await ours('tags: pin-near\n')).onRefusal).toBe('float');
    expect((await ours(PLAIN, { policy: 'on_refusal: float\n' })).onRefusal).toBe('float');
    expect(
      (await ours(PLAIN, { policy: 'on_refusal: float\n', own: 'on_refusal: strict\n' })).onRefusal,
    ).toBe('strict');
  });

  test('policy files that cannot be read refuse the start of a VM with a tag, naming file and line', async () => {
    expect(await policyOf(PLAIN, { policy: 'strategy: pack\nstrateggy: x\n' })).toEqual({
      kind: 'failed',
      onRefusal: 'strict',
      reason: expect.stringMatching(
        /\/etc\/pve\/pinfold\/policy\.yaml, line 2, .*"strateggy"; the nearest right one is "strategy"/,
      ) as string,
    });
  });
});

describe('what the tenant’s notes may say', () => {
  const notes = (block: string) =>
    `${PLAIN}${['```pinfold', ...block.split('\n'), '```'].map(line => `#${line.replaceAll(':', '%3A')}\n`).join('')}`;

  test('what the profile leaves open is added to the request', async () => {
    const { request } = await ours(notes('hw_numa_nodes: 1'));
    expect(request.imageProperties).toEqual({ hw_numa_nodes: '1' });
  });

  test('anything else refuses a strict start and is dropped with a warning when it may float', async () => {
    const world = { profiles: PROFILES.replace('requeue: true', 'on_refusal: float') };
    const text = notes('hw_cpu_policy: dedicated\nhw_numa_nodes: 1');
    expect(await reasonOf(text)).toMatch(
      /^The notes of VM 100 set hw_cpu_policy, but the profile "database" lets its owner set hw_numa_nodes, /,
    );
    const floating = await ours(text, world);
    expect(floating.request.imageProperties).toEqual({ hw_numa_nodes: '1' });
    expect(floating.warnings).toHaveLength(1);
  });

  test('garbage in the block is told with its line', async () => {
    expect(await reasonOf(notes('hw_numa_nodes: [1'))).toMatch(
      /^The pinfold block in the notes of VM 100 is no valid YAML/,
    );
    expect(await reasonOf(notes('hw_numa_nodes: [1]'))).toMatch(/hw_numa_nodes is a list and must be/);
  });
});

describe('what of a config is placed', () => {
  test('vcpus when there are fewer than sockets × cores, all of them with pinfold:reserve_hotplug', async () => {
    const text = (tag: string) => `sockets: 2\ncores: 4\nvcpus: 3\ntags: ${tag}\n`;
    expect((await ours(text('pin-database'))).request).toMatchObject({ vcpus: 3, maxVcpus: 8 });
    expect((await ours(text('pin-reserve'))).request).toMatchObject({
      vcpus: 3,
      maxVcpus: 8,
      extraSpecs: { 'pinfold:reserve_hotplug': 'true' },
    });
  });

  test('the maximum of memory, not the balloon', async () => {
    expect((await ours('memory: 8192\nballoon: 1024\ntags: pin-database\n')).request.memoryMiB).toBe(8192);
  });

  test('guest cells follow the config where nobody asks for others', async () => {
    const text =
      'cores: 4\nmemory: 2048\nnuma: 1\nnuma0: cpus=0-1,hostnodes=2,memory=1024,policy=bind\nnuma1: cpus=2-3,hostnodes=3,memory=1024,policy=bind\ntags: pin-wide\n';
    expect((await ours(text)).request.extraSpecs).toEqual({
      'hw:cpu_policy': 'dedicated',
      'hw:numa_nodes': '2',
      'hw:numa_cpus.0': '0-1',
      'hw:numa_mem.0': '1024',
      'hw:numa_cpus.1': '2-3',
      'hw:numa_mem.1': '1024',
    });
  });

  test('cells that the config does not show need attach; a VM that may float starts as it is', async () => {
    const text = 'cores: 4\nmemory: 2048\ntags: pin-two\n';
    const strict = { profiles: PROFILES.replaceAll('  on_refusal: float\n', '') };
    expect(await reasonOf(text, strict)).toBe(
      'VM 100 is to have 2 guest cells (vCPUs 0-1 with 1024 MiB, vCPUs 2-3 with 1024 MiB), but its config shows it one guest cell: run "pinfold attach 100" while the VM is stopped.',
    );
    const floating = await ours(text);
    expect(floating.request.extraSpecs).toEqual({ 'hw:cpu_policy': 'dedicated' });
    expect(floating.warnings).toHaveLength(1);
  });

  test('cells without host cells need attach', async () => {
    expect(await reasonOf('sockets: 2\ncores: 2\nmemory: 2048\nnuma: 1\ntags: pin-database\n')).toMatch(
      /shows its guest 2 cells and does not say on which host cells their memory lies \(numa without numaN\): run "pinfold attach 100"/,
    );
  });

  test('huge pages come from the config: followed where nobody asks, refused where the two differ', async () => {
    const huge =
      'cores: 2\nmemory: 2048\nnuma: 1\nhugepages: 2\nnuma0: cpus=0-1,hostnodes=0,memory=2048,policy=bind\n';
    expect((await ours(`${huge}tags: pin-database\n`)).request.extraSpecs).toMatchObject({
      'hw:mem_page_size': '2048',
    });
    expect((await ours(`${huge}tags: pin-huge\n`)).request.extraSpecs).toMatchObject({
      'hw:mem_page_size': '2048',
    });
    expect(await reasonOf('cores: 2\ntags: pin-huge\n')).toMatch(
      /is to have huge pages \(hw:mem_page_size\), but its config gives it base pages: run "pinfold attach 100"/,
    );
    const any = huge.replace('hugepages: 2', 'hugepages: any');
    const large = { files: { '/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '0\n' } };
    expect((await ours(`${any}tags: pin-huge\n`, large)).request.extraSpecs).toMatchObject({
      'hw:mem_page_size': '1048576',
    });
    expect((await ours(`${any}tags: pin-huge\n`)).request.extraSpecs).toMatchObject({
      'hw:mem_page_size': '2048',
    });
  });

  test('a topology that the config does not have is refused by name', async () => {
    expect(await reasonOf('cores: 4\ntags: pin-sockets\n')).toMatch(
      /^hw:cpu_sockets=2 cannot be had: .* says "sockets: 1"/,
    );
  });

  test('devices: whole ones by function, mappings by node, mediated ones not at all', async () => {
    const files = {
      '/sys/bus/pci/devices/0000:21:00.0/numa_node': '0\n',
      '/sys/bus/pci/devices/0000:21:00.1/numa_node': '0\n',
      '/etc/pve/mapping/pci.cfg':
        'gpu\n\tmap id=10de:2204,node=pve1,path=0000:41:00.0\n\tmap id=10de:2204,node=pve2,path=0000:42:00.0\nnic\n\tmap id=8086:1,node=pve1,path=0000:51:00.0\n\tmap id=8086:1,node=pve1,path=0000:52:00.0\n',
    };
    const { request, warnings } = await ours(
      `${PLAIN}hostpci0: 21:00,pcie=1\nhostpci1: mapping=gpu\nhostpci2: mapping=nic\nhostpci3: 0000:61:00.0,mdev=x\n`,
      { files },
    );
    expect(request.devices).toEqual([
      { address: '0000:21:00.0' },
      { address: '0000:21:00.1' },
      { address: '0000:41:00.0' },
    ]);
    expect(warnings).toEqual([
      'hostpci2 may be any of 2 devices of the mapping "nic" on pve1, so where it lies does not count for the placement.',
    ]);
  });
});

test('a VM of which only some cells are bound to host cells is not placed, also under float: QEMU could not bind them elsewhere', async () => {
  const cells = (second: string) =>
    `cores: 4\nmemory: 4096\ntags: pin-two\nnuma: 1\nnuma0: cpus=0-1,hostnodes=0,memory=2048,policy=bind\nnuma1: cpus=2-3${second},memory=2048\n`;
  expect(await policyOf(cells(''))).toEqual({
    kind: 'failed',
    reason: expect.stringMatching(/a numaN without hostnodes.*pinfold attach 100/),
    onRefusal: 'float',
  });
  expect(await ours(cells(',hostnodes=1,policy=bind'))).toMatchObject({ profile: 'two' });
});

test.each(['cores: 100000000', 'cores: 4\nsockets: 4000000000\nnuma: 1', 'cores: 99999999999999999999'])(
  'more vCPUs than any machine has (%s) are refused before they are counted out, and keep no other start waiting',
  async lines => {
    const text = `memory: 4096\ntags: pin-two\n${lines}\n`;
    expect(await reasonOf(text)).toMatch(
      /× \d+ vCPUs by its config, and no machine of QEMU has more than 8192/,
    );
  },
);
