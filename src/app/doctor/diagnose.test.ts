import { CHECK_IDS, type CheckId, type CheckState } from '../../domain/diagnosis.ts';
import { SOUND_OPEN_NEBULA, SOUND_PROXMOX, soundFacts, testVm } from '../../testing/doctor-facts.ts';
import { diagnose } from './diagnose.ts';
import type {
  DoctorFacts,
  DisturbanceFacts,
  InstallationFacts,
  OperatorFacts,
  ProxmoxFacts,
} from './facts.ts';

const sound = soundFacts();

/** Facts that differ from the sound ones in one part. */
const installation = (change: Partial<InstallationFacts>): DoctorFacts => ({
  ...sound,
  installation: { ...sound.installation, ...change },
});
const operator = (change: Partial<OperatorFacts>): DoctorFacts => ({
  ...sound,
  operator: { ...sound.operator, ...change },
});
const policy = (change: object): DoctorFacts => operator({ policy: { ...sound.operator.policy, ...change } });
const proxmox = (change: Partial<ProxmoxFacts>): DoctorFacts => ({
  ...sound,
  proxmox: { ...SOUND_PROXMOX, ...change },
});
const openNebula = (change: Partial<typeof SOUND_OPEN_NEBULA>): DoctorFacts => ({
  ...sound,
  openNebula: { ...SOUND_OPEN_NEBULA, ...change },
});
const disturbances = (change: Partial<DisturbanceFacts>): DoctorFacts => ({
  ...sound,
  disturbances: { ...sound.disturbances, ...change },
});
const host = (change: object) => ({ ...(SOUND_OPEN_NEBULA.hosts as readonly object[])[0]!, ...change });
const hosts = (...all: readonly object[]) => openNebula({ hosts: all as never });
const noPools = {
  ...sound.topology,
  cells: sound.topology.cells.map(cell => ({ ...cell, pages: cell.pages.slice(0, 1) })),
};
const onePool = {
  ...sound.topology,
  cells: sound.topology.cells.map(cell =>
    cell.id === 0 ? cell : { ...cell, pages: cell.pages.slice(0, 1) },
  ),
};
const onSnippet = (change: Partial<ProxmoxFacts['snippet']>) =>
  proxmox({ snippet: { ...SOUND_PROXMOX.snippet, ...change } });

/** What differs, the state that comes of it, and words of the sentence. */
type Case = readonly [what: string, facts: DoctorFacts, state: CheckState, words: RegExp];

const CASES: Readonly<Record<CheckId, readonly Case[]>> = {
  'node-version': [
    ['Node.js 18.20', installation({ nodeVersion: 'v18.20.4' }), 'ok', /v18\.20\.4 runs/],
    ['Node.js 18.13', installation({ nodeVersion: 'v18.13.0' }), 'fail', /v18\.13\.0 is older than 18\.18/],
    ['Node.js 16.20', installation({ nodeVersion: 'v16.20.0' }), 'fail', /older/],
    ['no Node.js', installation({ nodeVersion: '' }), 'fail', /No program "node"/],
    ['a tree', installation({ nodeVersion: null }), 'skip', /tree/],
  ],
  engine: [
    [
      'a bundle that is gone',
      installation({ engines: [{ path: '/x/hook.cjs', present: false }] }),
      'fail',
      /\/x\/hook\.cjs is missing/,
    ],
    ['a front-end alone', installation({ engines: [] }), 'skip', /starts no VMs/],
  ],
  'state-folder': [
    [
      'two ledgers',
      installation({ ledgers: ['/run/pinfold', '/var/tmp/one-pinfold'] }),
      'fail',
      /Both \/run\/pinfold and \/var\/tmp\/one-pinfold/,
    ],
    ['no folder yet', installation({ hasStateFolder: false, ledgers: [] }), 'ok', /will hold/],
  ],
  'node-lock': [
    [
      'a lock that is held',
      installation({ lockProblem: 'Another start held the lock.' }),
      'fail',
      /Another start held/,
    ],
    ['a user who may not', installation({ lockProblem: undefined }), 'skip', /may write/],
    ['no folder yet', installation({ lockProblem: undefined, hasStateFolder: false }), 'ok', /nobody holds/],
  ],
  'reconcile-timer': [
    [
      'a timer that is stopped',
      installation({ timer: { isLoaded: true, isActive: false } }),
      'warn',
      /does not run/,
    ],
    ['no timer', installation({ timer: { isLoaded: false, isActive: false } }), 'warn', /There is no/],
    ['no systemd', installation({ timer: null }), 'skip', /systemd/],
  ],
  leftovers: [
    ['a drop-in', installation({ leftovers: ['the drop-in X'] }), 'warn', /1 thing is left .*the drop-in X/],
  ],
  'policy-files': [
    ['no file', operator({ files: [] }), 'warn', /no \/etc\/pve\/pinfold\/policy\.yaml/],
    [
      'a wrong key',
      operator({
        files: [{ path: '/etc/pve/pinfold/nodes/b.yaml', problem: 'nodes/b.yaml has no key "cpus".' }],
        policy: null,
      }),
      'fail',
      /no key "cpus"/,
    ],
  ],
  'policy-fits': [
    [
      'CPUs that are offline',
      operator({ policyFaults: ['cpu_shared_set names the CPUs 99.'] }),
      'fail',
      /CPUs 99/,
    ],
    ['no sets', operator({ policy: {} }), 'warn', /every one of the 32 online CPUs/],
    ['all CPUs dedicated', operator({ policy: { cpu_dedicated_set: '0-31' } }), 'warn', /all 32 online CPUs/],
    ['a policy that cannot be read', operator({ policy: null }), 'skip', /cannot be read/],
  ],
  profiles: [
    ['no file', operator({ files: [] }), 'warn', /no \/etc\/pve\/pinfold\/profiles\.yaml/],
    [
      'a wrong file',
      operator({
        files: [{ path: '/etc/pve/pinfold/profiles.yaml', problem: 'It is no YAML in line 3.' }],
        profiles: null,
      }),
      'fail',
      /line 3/,
    ],
    [
      'one that Proxmox VE cannot keep',
      operator({ profileFaults: ['Profile x: it cannot.'] }),
      'fail',
      /Profile x/,
    ],
    ['an empty file', operator({ profiles: {} }), 'warn', /names no profile/],
  ],
  'page-pools': [
    [
      'no pools',
      { ...sound, topology: noPools },
      'fail',
      /profile database asks for huge pages, and this node has none/,
    ],
    ['a cell without', { ...sound, topology: onePool }, 'warn', /none on cell 1/],
    ['no profile that asks', { ...operator({ profiles: {} }), topology: noPools }, 'ok', /no huge pages/],
  ],
  snippet: [
    ['missing, with an attached VM', onSnippet({ isPresent: false }), 'fail', /VM 100 cannot start/],
    [
      'missing, without',
      proxmox({ vms: [], snippet: { ...SOUND_PROXMOX.snippet, isPresent: false } }),
      'warn',
      /is missing/,
    ],
    ['not executable', onSnippet({ isExecutable: false }), 'fail', /not executable/],
    ['of another version', onSnippet({ isCurrent: false }), 'warn', /not the one of this version/],
    ['no Proxmox VE', { ...sound, proxmox: null }, 'skip', /no node of Proxmox VE/],
  ],
  'other-nodes': [
    ['a node without', proxmox({ installed: { pve1: '0.1.0' } }), 'warn', /pve2 does not say/],
    [
      'a node without, with an attached VM on it',
      proxmox({ installed: { pve1: '0.1.0' }, vms: [testVm('200', { node: 'pve2' })] }),
      'fail',
      /VM 200 on it may not start/,
    ],
    ['one node alone', proxmox({ nodes: ['pve1'], installed: {} }), 'ok', /the only one/],
  ],
  hookscripts: [
    [
      'a tagged VM without the hook script',
      proxmox({ vms: [testVm('102', { hookscript: null })] }),
      'fail',
      /VM 102 has a tag .* does not call/,
    ],
    [
      'one on another node',
      proxmox({ vms: [testVm('102', { hookscript: null, node: 'pve2' })] }),
      'ok',
      /No VM of this node/,
    ],
    [
      'one whose tag is not registered',
      proxmox({ vms: [testVm('102', { hookscript: null })], registeredTags: [] }),
      'ok',
      /No VM of this node/,
    ],
  ],
  chain: [
    ['no chain', proxmox({ chains: [] }), 'ok', /No VM had/],
    [
      'a script that is gone',
      proxmox({
        chains: [{ vmid: '100', volume: 'local:snippets/mine', isPresent: false, isExecutable: null }],
      }),
      'fail',
      /mine of VM 100 is not on this node/,
    ],
    [
      'one that is not executable',
      proxmox({
        chains: [{ vmid: '100', volume: 'local:snippets/mine', isPresent: true, isExecutable: false }],
      }),
      'fail',
      /not executable/,
    ],
    [
      'a volume elsewhere',
      proxmox({
        chains: [{ vmid: '100', volume: 'nfs:snippets/mine', isPresent: false, isExecutable: null }],
      }),
      'fail',
      /no local:snippets\/NAME/,
    ],
  ],
  tags: [
    [
      'a profile that does not exist',
      proxmox({ vms: [testVm('100', { tags: ['pin-databse'] })], registeredTags: ['pin-databse'] }),
      'fail',
      /VM 100 names the profile "databse".*nearest is "database"/,
    ],
    [
      'two profiles',
      proxmox({ vms: [testVm('100', { tags: ['pin-a', 'pin-b'] })], registeredTags: ['pin-a', 'pin-b'] }),
      'fail',
      /2 profiles \(a and b\)/,
    ],
    [
      'a tag that nobody registered',
      proxmox({ vms: [testVm('100', { tags: ['pin-databse'] })] }),
      'warn',
      /^pin-databse of VM 100 begins as tags of profiles do/,
    ],
    ['profiles that cannot be read', operator({ profiles: null }), 'skip', /cannot be read/],
  ],
  'registered-tags': [
    [
      'none, and a VM has one',
      proxmox({ registeredTags: [] }),
      'fail',
      /pin-database is given to VMs but not registered/,
    ],
    ['none, and no VM has one', proxmox({ registeredTags: [], vms: [] }), 'warn', /not registered/],
    ['another case', proxmox({ registeredTags: ['PIN-Database'] }), 'ok', /registered/],
    ['any tag trusted', policy({ trust_tags: 'any' }), 'warn', /trust_tags is any/],
    ['profiles that cannot be read', operator({ profiles: null }), 'skip', /cannot be read/],
  ],
  affinity: [
    [
      'on dedicated CPUs',
      proxmox({ vms: [testVm('103', { hookscript: null, affinity: '4-5' })] }),
      'warn',
      /affinity of VM 103 lies on CPUs/,
    ],
    [
      'on shared CPUs',
      proxmox({ vms: [testVm('103', { hookscript: null, affinity: '0-1' })] }),
      'ok',
      /respected/,
    ],
  ],
  'driver-links': [
    [
      'a new action',
      openNebula({ drivers: [{ path: '/d', isThere: true, missing: ['backup'] }] }),
      'fail',
      /\/d has no link for backup/,
    ],
    [
      'no directory',
      openNebula({ drivers: [{ path: '/d', isThere: false, missing: [] }] }),
      'fail',
      /\/d is missing/,
    ],
    ['a front-end without remotes', openNebula({ drivers: [] }), 'skip', /no KVM driver/],
    ['no OpenNebula', { ...sound, openNebula: null }, 'skip', /no host of OpenNebula/],
  ],
  'driver-word': [
    ['the stock driver', openNebula({ oned: { words: ['kvm'], restricted: [] } }), 'fail', /it says kvm/],
    ['a host', openNebula({ oned: null }), 'skip', /on the front-end/],
  ],
  'restricted-attribute': [
    [
      'nothing restricted',
      openNebula({ oned: { words: ['kvm'], restricted: ['RAW/DATA'] } }),
      'fail',
      /does not name PINFOLD/,
    ],
    ['a host', openNebula({ oned: null }), 'skip', /on the front-end/],
  ],
  'emulator-cpus': [
    ['on dedicated CPUs', hosts(host({ emulatorCpus: '3,4' })), 'warn', /h1 \(3,4\) lies on CPUs/],
    ['on shared CPUs', hosts(host({ emulatorCpus: '0-1' })), 'ok', /apart from/],
    ['no answer', openNebula({ hosts: 'no such user' }), 'skip', /no such user/],
    ['a host', openNebula({ hosts: null }), 'skip', /Only a front-end/],
  ],
  scheduler: [
    ['a pinned host', hosts(host({ pinPolicy: 'PINNED' })), 'fail', /PIN_POLICY of h1 is PINNED/],
    ['isolated CPUs', hosts(host({ isolCpus: '0,1' })), 'warn', /ISOLCPUS of h1 \(0-1\)/],
    ['isolated CPUs that are no list', hosts(host({ isolCpus: 'all' })), 'warn', /ISOLCPUS/],
    ['a host', openNebula({ hosts: null }), 'skip', /Only a front-end/],
  ],
  partitions: [
    [
      'a trial that failed',
      { ...sound, probe: { nudge: null, partition: 'the kernel says "root invalid"' } },
      'warn',
      /root invalid/,
    ],
    [
      'a trial that failed where partitions are a must',
      { ...policy({ exclusivity: 'partition' }), probe: { nudge: null, partition: 'the kernel says no' } },
      'fail',
      /exclusivity is partition, but the kernel says no/,
    ],
    ['fences by the policy', policy({ exclusivity: 'fence' }), 'ok', /exclusivity is fence/],
    [
      'an old kernel',
      { ...sound, probe: null, kernel: { release: '6.1.0', hasCpusets: true, hasExclusive: false } },
      'warn',
      /6\.1\.0 has no cpuset\.cpus\.exclusive/,
    ],
    [
      'cgroup v1',
      { ...sound, probe: null, kernel: { release: '5', hasCpusets: false, hasExclusive: null } },
      'warn',
      /no cpuset controller/,
    ],
    [
      'no group to look at',
      { ...sound, probe: null, kernel: { release: '', hasCpusets: true, hasExclusive: null } },
      'skip',
      /No group/,
    ],
    ['a new kernel, untried', { ...sound, probe: null }, 'ok', /--probe/],
  ],
  'systemd-nudge': [
    [
      'a drop-in that was not seen',
      { ...sound, probe: { nudge: 'its DropInPaths are ""', partition: null } },
      'fail',
      /DropInPaths are ""/,
    ],
    ['untried', { ...sound, probe: null }, 'skip', /only when asked for/],
  ],
  'numa-balancing': [
    ['switched on', disturbances({ numaBalancing: '1' }), 'warn', /kernel\.numa_balancing = 1/],
    [
      'one cell',
      { ...disturbances({ numaBalancing: '1' }), topology: soundFacts('laptop-1c').topology },
      'ok',
      /nothing to balance/,
    ],
  ],
  'same-page-merging': [
    ['across cells', disturbances({ merging: { runs: true, acrossCells: true } }), 'warn', /across cells/],
    ['within cells', disturbances({ merging: { runs: true, acrossCells: false } }), 'ok', /same cell/],
  ],
  irqbalance: [
    [
      'on dedicated CPUs',
      disturbances({ irqbalance: { runs: true, banned: '2-3' } }),
      'warn',
      /dedicated CPUs 4-7/,
    ],
    ['told to leave them', disturbances({ irqbalance: { runs: true, banned: '2-31' } }), 'ok', /leaves/],
    [
      'told nonsense',
      disturbances({ irqbalance: { runs: true, banned: '3-' } }),
      'warn',
      /dedicated CPUs 2-7/,
    ],
  ],
  'isolated-cpus': [
    [
      'in the shared set',
      { ...sound, topology: withIsolated('1') },
      'warn',
      /CPUs 1 of cpu_shared_set are isolated/,
    ],
    [
      'in no set',
      { ...sound, topology: withIsolated('9') },
      'warn',
      /CPUs 9 are isolated .* nobody uses them/,
    ],
    ['in the dedicated set', { ...sound, topology: withIsolated('4-7') }, 'ok', /only to pinned/],
  ],
  'zfs-cache': [
    ['more than is kept', disturbances({ zfsCacheMiB: 8192 }), 'warn', /up to 8192 MiB.*only 4096 MiB/],
    ['as much as is kept', disturbances({ zfsCacheMiB: 4096 }), 'ok', /covers/],
  ],
  'transparent-huge-pages': [
    ['off', disturbances({ thp: { enabled: 'never', defrag: 'madvise' } }), 'warn', /are off/],
    [
      'at any price',
      disturbances({ thp: { enabled: 'always', defrag: 'always' } }),
      'warn',
      /defrag is always/,
    ],
    ['none in the kernel', disturbances({ thp: null }), 'skip', /no transparent/],
  ],
  'frequency-governors': [
    [
      'powersave',
      disturbances({ governors: { powersave: '0-7', performance: '8-31' } }),
      'warn',
      /powersave on CPUs 2-7/,
    ],
    [
      'powersave elsewhere',
      disturbances({ governors: { powersave: '0-1', performance: '2-31' } }),
      'ok',
      /performance/,
    ],
    ['none', disturbances({ governors: {} }), 'ok', /not set by Linux/],
  ],
};

function withIsolated(isolated: string): DoctorFacts['topology'] {
  return { ...sound.topology, cpus: { ...sound.topology.cpus, isolated } };
}

describe('on a node on which all is well', () => {
  test.each(CHECK_IDS)('%s is ok, and nothing is to be done', id => {
    expect(diagnose(sound).checks.find(check => check.id === id)).toMatchObject({
      state: 'ok',
      remedy: null,
    });
  });

  test('every check answers once, in the order of the list', () => {
    expect(diagnose(sound).checks.map(({ id }) => id)).toEqual(CHECK_IDS);
  });
});

describe.each(CHECK_IDS)('%s', id => {
  test('has a case in which it is not ok', () => {
    expect(CASES[id].map(([, , state]) => state)).toEqual(
      expect.arrayContaining([expect.stringMatching(/warn|fail/)]),
    );
  });

  test.each(CASES[id])('%s', (_, facts, state, words) => {
    const check = diagnose(facts).checks.find(one => one.id === id)!;
    expect([check.state, check.reason]).toEqual([state, expect.stringMatching(words)]);
    for (const sentence of [check.reason, ...(check.remedy === null ? [] : [check.remedy])])
      expect(sentence).toMatch(/^["\w/].*\.$/s);
    if (state === 'warn' || state === 'fail') expect(check.remedy).not.toBeNull();
  });
});

test('many names are told by the first ones and how many more', () => {
  const vms = Array.from({ length: 20 }, (_, index) => testVm(String(100 + index), { hookscript: null }));
  const { checks } = diagnose(proxmox({ vms }));
  expect(checks.find(({ id }) => id === 'hookscripts')!.reason).toMatch(
    /^VMs 100, .*, 107 and 12 more have tags/,
  );
});
