import type { NodePolicy } from '../../domain/node-policy.ts';
import type { Machine } from '../../machines/machine.ts';

/** The demo's node: two sockets with two cells each, two cache domains a cell, SMT: 64 CPUs, 128 GiB; a network card on cell 0. */
export const DEMO_MACHINE: Machine = {
  name: 'demo-node',
  sockets: 2,
  cellsPerSocket: 2,
  coresPerCell: 8,
  threadsPerCore: 2,
  coresPerCache: 4,
  memoryMiBPerCell: 32 * 1024,
  usedMiBPerCell: 1024,
  pools: [{ sizeKiB: 2048, total: 6144 }],
  distances: { near: 12, far: 32 },
  devices: [{ address: '0000:3b:00.0', cell: 0, vendor: '8086', product: '1572', class: '020000' }],
};

/** What its operator decided: core 0 for the host, two cores shared, the rest dedicated. */
export const DEMO_POLICY: NodePolicy = {
  cpu_shared_set: '16-17,48-49',
  cpu_dedicated_set: '1-15,33-47,18-31,50-63',
  emulator_overcommit_ratio: 4,
  reserved_host_memory_mb: 1024,
  strategy: 'pack',
};

/** policy.yaml of the demo's node. */
export function demoPolicyYaml(): string {
  return Object.entries(DEMO_POLICY)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? `"${value}"` : String(value)}\n`)
    .join('');
}

/** Where OpenNebula's hosts have the operator's files. */
export const POLICY_FOLDER = '/var/tmp/one/etc/vmm/kvm/pinfold';
