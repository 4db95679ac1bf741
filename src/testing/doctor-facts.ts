import type { DoctorFacts, OpenNebulaFacts, ProxmoxFacts, ProxmoxVm } from '../app/doctor/facts.ts';
import { namedMachine, type MachineName } from '../machines/named-machines.ts';
import { topologyOf } from '../machines/topology-of.ts';

/** A VM of the node `pve1` that is attached and has nothing odd. */
export function testVm(vmid: string, change: Partial<ProxmoxVm> = {}): ProxmoxVm {
  return {
    vmid,
    node: 'pve1',
    tags: ['pin-database'],
    hookscript: 'local:snippets/pinfold',
    affinity: null,
    pinning: null,
    ...change,
  };
}

/** A cluster of two nodes on which all is well. */
export const SOUND_PROXMOX: ProxmoxFacts = {
  vms: [testVm('100'), testVm('101', { tags: [], hookscript: null })],
  nodes: ['pve1', 'pve2'],
  installed: { pve1: '0.1.0', pve2: '0.1.0' },
  registeredTags: ['pin-database'],
  snippet: {
    path: '/var/lib/vz/snippets/pinfold',
    isPresent: true,
    isExecutable: true,
    isCurrent: true,
  },
  chains: [{ vmid: '100', volume: 'local:snippets/mine', isPresent: true, isExecutable: true }],
};

/** A front-end that is a host as well, on which all is well. */
export const SOUND_OPEN_NEBULA: OpenNebulaFacts = {
  drivers: [{ path: '/var/tmp/one/vmm/kvmpinfold', isThere: true, missing: [] }],
  oned: { words: ['kvmpinfold'], restricted: ['PINFOLD'] },
  hosts: [{ name: 'h1', emulatorCpus: '', isolCpus: '', pinPolicy: 'NONE' }],
};

/** A node with everything, on which all is well. */
export function soundFacts(machine: MachineName = 'dual-socket-smt'): DoctorFacts {
  return {
    node: 'pve1',
    place: 'here',
    topology: topologyOf(namedMachine(machine)),
    installation: {
      nodeVersion: 'v20.19.2',
      engines: [{ path: '/usr/share/pinfold/hook-proxmox.cjs', present: true }],
      stateFolder: '/run/pinfold',
      policyFolder: '/etc/pve/pinfold',
      hasStateFolder: true,
      ledgers: ['/run/pinfold'],
      lockProblem: null,
      timer: { isLoaded: true, isActive: true },
      leftovers: [],
    },
    operator: {
      files: [
        { path: '/etc/pve/pinfold/policy.yaml', problem: null },
        { path: '/etc/pve/pinfold/profiles.yaml', problem: null },
      ],
      policy: { cpu_dedicated_set: '2-7', cpu_shared_set: '0-1', reserved_host_memory_mb: 4096 },
      profiles: {
        database: { extra_specs: { 'hw:mem_page_size': 'large' }, tenant_may: [], requeue: false },
      },
      policyFaults: [],
      profileFaults: [],
    },
    proxmox: SOUND_PROXMOX,
    openNebula: SOUND_OPEN_NEBULA,
    kernel: { release: '6.14.8-2-pve', hasCpusets: true, hasExclusive: true },
    disturbances: {
      numaBalancing: '0',
      merging: { runs: false, acrossCells: true },
      irqbalance: { runs: false, banned: '' },
      zfsCacheMiB: null,
      thp: { enabled: 'madvise', defrag: 'madvise' },
      governors: { performance: '0-31' },
    },
    probe: { nudge: null, partition: null },
  };
}
