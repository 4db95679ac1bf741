import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { fileLock } from '../../adapters/ledger/file-lock.ts';
import { writeTree } from '../../adapters/local/write-tree.ts';
import { diagnose } from '../../app/doctor/diagnose.ts';
import { gatherFacts } from '../../app/doctor/gather-facts.ts';
import type { CheckId, Diagnosis } from '../../domain/diagnosis.ts';
import { doctorSchema } from '../../documents/doctor-schema.ts';
import type { Machine } from '../../machines/machine.ts';
import { namedMachine, type MachineName } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { runPinfold } from '../../testing/built-program.ts';
import { renderDoctor } from '../render/render-doctor.ts';

const PVE = '/etc/pve';
const OURS = `${PVE}/pinfold`;
const EIGHT_CELLS: Machine = { ...namedMachine('epyc-nps4'), name: 'pve-8', isolated: '8-9' };

/** The machines of the goldens: eight cells, hybrid, a memory-only cell, offline CPUs, a laptop, Arm. */
const MACHINES: Readonly<Record<string, Machine>> = {
  'epyc-nps4': EIGHT_CELLS,
  ...Object.fromEntries(
    (['hybrid-desktop', 'memory-only-cell', 'offline-cpus', 'laptop-1c', 'arm-128'] as MachineName[]).map(
      name => [name, namedMachine(name)],
    ),
  ),
};

/** What the operator and the host are like on each of them. */
const WORLDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'epyc-nps4': {
    [`${OURS}/policy.yaml`]: 'cpu_dedicated_set: "4-63,68-127"\ncpu_shared_set: "0-3,8,64-67"\n',
    [`${OURS}/profiles.yaml`]:
      'database: { extra_specs: { "hw:cpu_policy": dedicated, "hw:mem_page_size": large } }\n',
    [`${OURS}/installed/pve-8`]: '0.1.0\n',
    [`${OURS}/chain/105`]: 'local:snippets/mine\n',
    [`${PVE}/datacenter.cfg`]: 'registered-tags: pin-database\n',
    [`${PVE}/nodes/pve-8/qemu-server/100.conf`]:
      'cores: 2\nhookscript: local:snippets/pinfold\nmemory: 512\ntags: pin-database\n',
    [`${PVE}/nodes/pve-8/qemu-server/101.conf`]:
      'cores: 2\nmemory: 512\ntags: pin-databse;pin-database\n\n[snap]\nhookscript: local:snippets/pinfold\n',
    [`${PVE}/nodes/pve-8/qemu-server/102.conf`]: 'affinity: 5,6\ncores: 2\nmemory: 512\n',
    [`${PVE}/nodes/pve-9/qemu-server/200.conf`]:
      'cores: 2\nhookscript: local:snippets/pinfold\nmemory: 512\n',
    '/usr/share/pinfold/proxmox/pinfold': '#!/bin/sh\nnew\n',
    '/var/lib/vz/snippets/pinfold': '#!/bin/sh\nold\n',
    '/proc/900/comm': 'irqbalance\n',
    '/etc/default/irqbalance': 'IRQBALANCE_BANNED_CPULIST="4-60"\n',
    '/proc/sys/kernel/numa_balancing': '1\n',
    '/proc/sys/kernel/osrelease': '6.14.8-2-pve\n',
    '/sys/kernel/mm/ksm/run': '1\n',
    '/sys/kernel/mm/ksm/merge_across_nodes': '1\n',
    '/proc/spl/kstat/zfs/arcstats': 'name type data\nc_max                           4    17179869184\n',
    '/sys/kernel/mm/transparent_hugepage/enabled': 'always madvise [never]\n',
    '/sys/devices/system/cpu/cpu5/cpufreq/scaling_governor': 'powersave\n',
    '/run/systemd/system/777.scope.d/50-pinfold.conf': '[Scope]\nDelegate=cpuset\n',
  },
  'hybrid-desktop': {
    '/etc/pinfold/policy.yaml': 'cpu_dedicated_sets: "2-5"\n',
    '/etc/pinfold/profiles.yaml': 'a: [\n',
  },
  'memory-only-cell': {
    '/etc/pinfold/policy.yaml': 'cpu_dedicated_set: "2-15"\ncpu_shared_set: "0-1"\n',
    '/etc/pinfold/profiles.yaml': 'big: { extra_specs: { "hw:mem_page_size": 1GB } }\n',
    '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu memory pids\n',
    '/sys/fs/cgroup/system.slice/cpuset.cpus': '\n',
    '/proc/sys/kernel/osrelease': '6.1.0-30-amd64\n',
  },
  'offline-cpus': {
    '/etc/one/oned.conf': 'VM_MAD = [ NAME = "kvm", ARGUMENTS = "-t 15 -r 0 kvm -p" ]\n',
    '/var/tmp/one/vmm/kvm/deploy': '',
    '/var/tmp/one/vmm/kvm/backup': '',
    '/var/tmp/one/vmm/kvmpinfold/deploy': '',
    '/var/tmp/one/etc/vmm/kvm/pinfold/policy.yaml': 'cpu_dedicated_set: "3-5"\n',
  },
  'laptop-1c': {},
  'arm-128': {
    '/etc/pinfold/policy.yaml': '\u0000\u0001{{{',
    '/run/pinfold/ledger.json': 'x',
    '/var/tmp/one-pinfold/ledger.json': '{}',
  },
};

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

function treeOf(machine: Machine, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'pinfold-doctor-'));
  roots.push(root);
  writeTree(renderMachine(machine), root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

async function examined(root: string, policyFolder: string, lock = false): Promise<Diagnosis> {
  return diagnose(
    await gatherFacts({
      node: openTreeNode(root),
      place: 'tree',
      policyFolder,
      stateFolder: '/run/pinfold',
      stateFolders: ['/run/pinfold', '/var/tmp/one-pinfold'],
      lock: lock ? fileLock(`${root}/run/pinfold/lock`, 0) : null,
      probe: null,
    }),
  );
}

const folderOf = (files: Readonly<Record<string, string>>) =>
  [OURS, '/var/tmp/one/etc/vmm/kvm/pinfold', '/etc/pinfold'].find(folder =>
    Object.keys(files).some(path => path.startsWith(folder)),
  ) ?? '/etc/pinfold';

describe.each(Object.keys(MACHINES))('what the doctor says of %s', name => {
  test.each([80, 160])('in %i columns', async width => {
    const files = WORLDS[name]!;
    const diagnosis = await examined(treeOf(MACHINES[name]!, files), folderOf(files));
    const text = renderDoctor(diagnosis, { color: false, width });
    expect(text).toMatchSnapshot();
    // Only a path that is longer than the room sticks out.
    const long = text
      .split('\n')
      .filter(line => line.length > width && (/\S+$/.exec(line)?.[0].length ?? 0) <= width - 30);
    expect(long).toEqual([]);
  });
});

describe('the doctor', () => {
  const stateOf = ({ checks }: Diagnosis, id: CheckId) => checks.find(check => check.id === id)!;

  test('takes the lock and gives it back, and says who does not', async () => {
    const root = treeOf(namedMachine('laptop-1c'), { '/run/pinfold/lock': '' });
    expect(stateOf(await examined(root, '/etc/pinfold', true), 'node-lock').state).toBe('ok');
    const release = await fileLock(`${root}/run/pinfold/lock`).acquire();
    const held = stateOf(await examined(root, '/etc/pinfold', true), 'node-lock');
    release();
    expect([held.state, held.reason]).toEqual(['fail', expect.stringMatching(/held the lock/)]);
  });

  test('names records of VMs that no node has any more', async () => {
    const root = treeOf(EIGHT_CELLS, {
      ...WORLDS['epyc-nps4'],
      [`${OURS}/attached/100.json`]: '{}',
      [`${OURS}/attached/555.json`]: '{}',
      [`${OURS}/strict/556`]: 'strict\n',
    });
    const { reason } = stateOf(await examined(root, OURS), 'leftovers');
    for (const left of ['777.scope.d', 'attached/555.json', 'strict/556', 'chain/105'])
      expect(reason).toContain(left);
    expect(reason).not.toContain('100.json');
  });

  test('sees what a profile can never have on Proxmox VE, whatever the size of its VMs', async () => {
    const profiles =
      'a: { extra_specs: { "hw:locked_memory": "true", "hw:mem_page_size": large } }\nb: { extra_specs: { "hw:numa_nodes": "3" } }\n';
    const root = treeOf(EIGHT_CELLS, { ...WORLDS['epyc-nps4'], [`${OURS}/profiles.yaml`]: profiles });
    const { state, reason } = stateOf(await examined(root, OURS), 'profiles');
    expect([state, reason]).toEqual(['fail', expect.stringMatching(/^Profile a: .*lock/)]);
    expect(reason).not.toContain('Profile b');
  });

  test('prints a valid document, and ends with 6 only when a check fails', () => {
    const bad = treeOf(EIGHT_CELLS, WORLDS['epyc-nps4']!);
    const answer = runPinfold(['doctor', '--root', bad, '--json']);
    expect([answer.code, answer.stderr]).toEqual([6, '']);
    const document: unknown = JSON.parse(answer.stdout);
    expect(doctorSchema.safeParse(document).success).toBe(true);
    const good = runPinfold(['doctor', '--root', treeOf(namedMachine('laptop-1c'), {})]);
    expect([good.code, good.stdout]).toEqual([0, expect.stringMatching(/Nothing failed: \d+ warnings/)]);
  });

  test('changes nothing of the tree', () => {
    const root = treeOf(EIGHT_CELLS, WORLDS['epyc-nps4']!);
    runPinfold(['doctor', '--root', root]);
    expect(() => readFileSync(join(root, 'run/pinfold/lock'))).toThrow('ENOENT');
    expect(() => readFileSync(join(root, 'run/pinfold/policy.json'))).toThrow('ENOENT');
  });

  test('tries things out only on this machine', () => {
    const { code, stderr } = runPinfold(['doctor', '--probe', '--root', '/']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--probe tries things out on this machine/)]);
  });
});
