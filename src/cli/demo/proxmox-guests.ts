import { demoPolicyYaml } from './demo-machine.ts';

/** A VM of the demo's Proxmox VE node. */
export interface ProxmoxGuest {
  readonly vmid: string;
  readonly name: string;
  /** The wish in plain words. */
  readonly wish: string;
  readonly vcpus: number;
  /** Host cells that its config binds each guest cell to; empty = the config names none. */
  readonly hostCells: readonly number[];
  /** Its config as the node has it. */
  readonly config: string;
}

const HOOK = 'hookscript: local:snippets/pinfold\n';

/** Two guest cells, which QEMU gets from the config. It stays. */
export const SHOP: ProxmoxGuest = {
  vmid: '101',
  name: 'shop',
  wish: '12 own CPUs over two guest cells, 2 MiB pages in each',
  vcpus: 12,
  hostCells: [2, 3],
  config: [
    'cores: 12\n',
    HOOK,
    'hugepages: 2\nkeephugepages: 1\nmemory: 8192\nname: shop\nnuma: 1\n',
    'numa0: cpus=0-5,hostnodes=2,memory=4096,policy=bind\n',
    'numa1: cpus=6-11,hostnodes=3,memory=4096,policy=bind\n',
    'tags: pin-twin\n',
  ].join(''),
};

/** One cell. It is stopped again. */
export const TRIAL: ProxmoxGuest = {
  vmid: '102',
  name: 'trial',
  wish: '6 own CPUs in one cell',
  vcpus: 6,
  hostCells: [],
  config: `cores: 6\n${HOOK}memory: 3072\nname: trial\ntags: pin-alone\n`,
};

/** What its operator and its administrator wrote, by path. */
export const PROXMOX_FILES: Readonly<Record<string, string>> = {
  '/etc/pve/pinfold/policy.yaml': demoPolicyYaml(),
  '/etc/pve/pinfold/profiles.yaml': [
    'twin:\n  extra_specs: { "hw:cpu_policy": dedicated, "hw:numa_nodes": "2", "hw:emulator_threads_policy": share }\n',
    'alone:\n  extra_specs: { "hw:cpu_policy": dedicated, "hw:emulator_threads_policy": share }\n',
  ].join(''),
  '/etc/pve/datacenter.cfg': 'registered-tags: pin-alone;pin-twin\n',
  '/var/lib/vz/snippets/pinfold': '#!/bin/sh\nexec node /usr/share/pinfold/hook-proxmox.cjs "$@"\n',
};
