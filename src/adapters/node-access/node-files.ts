import { TOPOLOGY_FILES } from '../ssh/topology-files.ts';
import type { FilesToRead } from '../ssh/remote-files.ts';

const CGROUP = '/sys/fs/cgroup';
const CPUSET = ['cpuset.cpus', 'cpuset.cpus.*', 'cpuset.mems', 'cpuset.mems.effective'];

/** What the operator wrote, the ledger with its decisions, and the policy in force of guests that run. */
const PINFOLD_FILES: readonly string[] = [
  ...['/etc/pve/pinfold', '/etc/pinfold', '/var/tmp/one/etc/vmm/kvm/pinfold'].flatMap(folder => [
    `${folder}/*.yaml`,
    `${folder}/nodes/*.yaml`,
  ]),
  ...['attached', 'chain', 'strict'].map(name => `/etc/pve/pinfold/${name}/*`),
  ...['/run/pinfold', '/var/tmp/one-pinfold'].flatMap(folder => [
    `${folder}/ledger.json`,
    `${folder}/decisions/*.json`,
  ]),
  '/run/systemd/system/*.scope.d/*.conf',
];

const PROXMOX_FILES: readonly string[] = [
  '/etc/pve/datacenter.cfg',
  '/etc/pve/storage.cfg',
  '/etc/pve/ha/resources.cfg',
  '/etc/pve/mapping/pci.cfg',
  '/etc/pve/nodes/*/qemu-server/*.conf',
  '/etc/pve/qemu-server/*.conf',
  '/run/qemu-server/*.pid',
];

/** cpusets of the guests' scopes, and of the threaded children in which vCPUs have their partitions. */
const CGROUP_FILES: readonly string[] = [
  ...CPUSET.flatMap(name => [
    `${CGROUP}/${name}`,
    ...['qemu.slice', 'machine.slice'].flatMap(slice => [
      `${CGROUP}/${slice}/*/${name}`,
      `${CGROUP}/${slice}/*/*/${name}`,
    ]),
  ]),
];

/** Everything that a node is judged by, in one round trip: what it is, what runs, what is written about it. */
export const NODE_FILES: FilesToRead = {
  patterns: [
    ...TOPOLOGY_FILES,
    '/etc/os-release',
    '/proc/sys/kernel/osrelease',
    ...PINFOLD_FILES,
    ...PROXMOX_FILES,
    ...CGROUP_FILES,
  ],
  ofQemu: ['cmdline', 'stat', 'status', 'cgroup', 'numa_maps', 'task/*/comm', 'task/*/stat', 'task/*/status'],
};

/** What a doctor looks at besides. */
export const DOCTOR_FILES: readonly string[] = [
  ...['attached', 'chain', 'strict', 'installed'].map(folder => `/etc/pve/pinfold/${folder}/*`),
  ...['/run/pinfold', '/var/tmp/one-pinfold'].flatMap(folder => [
    `${folder}/worker-*`,
    `${folder}/exclusivity.json`,
  ]),
  '/usr/share/pinfold/hook-*.cjs',
  '/usr/share/pinfold/proxmox/pinfold',
  '/var/lib/vz/snippets/*',
  ...['/var/tmp/one', '/var/lib/one/remotes'].flatMap(folder => [
    `${folder}/vmm/kvm/*`,
    `${folder}/vmm/kvmpinfold/*`,
    `${folder}/vmm/kvmpinfold/pinfold/hook-*.cjs`,
  ]),
  '/etc/one/oned.conf',
  '/etc/default/irqbalance',
  '/etc/sysconfig/irqbalance',
  '/proc/[0-9]*/comm',
  '/proc/sys/kernel/numa_balancing',
  '/proc/spl/kstat/zfs/arcstats',
  '/sys/kernel/mm/ksm/run',
  '/sys/kernel/mm/ksm/merge_across_nodes',
  '/sys/kernel/mm/transparent_hugepage/enabled',
  '/sys/kernel/mm/transparent_hugepage/defrag',
  '/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor',
  '/sys/fs/cgroup/cgroup.controllers',
  '/sys/fs/cgroup/*/cpuset.cpus',
  '/sys/fs/cgroup/*/cpuset.cpus.exclusive',
];
