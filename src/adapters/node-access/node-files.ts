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
