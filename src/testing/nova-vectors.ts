import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Claim } from '../domain/claim.ts';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Host } from '../domain/host.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import type { Device } from '../domain/host-topology.ts';
import type { DevicePolicy, DeviceRequest, PlacementRequest } from '../domain/placement-request.ts';

/** A host cell as Nova's answers describe it. */
export interface NovaCell {
  readonly id: number;
  readonly cpuset: string;
  readonly pcpuset: string;
  readonly memory_mb: number;
  readonly cpu_usage: number;
  readonly memory_usage: number;
  readonly pinned_cpus: string;
  readonly siblings: readonly (readonly number[])[];
  readonly mempages: readonly {
    readonly size_kb: number;
    readonly total: number;
    readonly used: number;
    readonly reserved?: number;
  }[];
  readonly socket: number | null;
}

export interface NovaHost {
  readonly cells: readonly NovaCell[];
  readonly cpu_shared_set?: string;
  readonly limits?: { readonly cpu?: number; readonly ram?: number };
  readonly pack?: boolean;
}

export interface NovaRequest {
  readonly vcpus: number;
  readonly memory_mb: number;
  readonly extra_specs: Readonly<Record<string, string>>;
  readonly image_props?: Readonly<Record<string, string>>;
}

export interface PciPool {
  readonly vendor_id: string;
  readonly product_id: string;
  readonly numa_node: number | null;
  readonly count: number;
}

export interface NovaVector {
  readonly id: string;
  readonly host: NovaHost;
  readonly request: NovaRequest;
  readonly pci_pools?: readonly PciPool[];
  readonly pci_requests?: readonly {
    readonly count: number;
    readonly vendor_id: string;
    readonly product_id: string;
    readonly numa_policy?: DevicePolicy;
  }[];
  readonly expect: {
    readonly fits?: boolean;
    readonly error?: string | null;
    readonly crash?: string | null;
    readonly numa?: boolean;
    readonly anomalies?: readonly string[];
    readonly usage_error?: unknown;
    readonly cells?: readonly unknown[] | null;
    /** Texts of the domain's elements by their names; `vcpu_cpuset` and `error` (no XML was made) are no elements. */
    readonly xml?: Readonly<Record<string, string>> | null;
  };
}

/** Reads one file of vectors from PINFOLD_SHARED, by default beside the checkout; it fails when it is missing. */
export function readVectors(file: string): unknown[] {
  const shared = process.env['PINFOLD_SHARED'] ?? join(process.cwd(), '..', 'shared');
  return JSON.parse(readFileSync(join(shared, 'vectors', 'nova', file), 'utf8')) as unknown[];
}

/** "No limit": Nova's filters did not pass any. */
const NO_LIMIT = 1e6;

/** The host document that says the same as a vector's host: sets by mode, usage as claims. */
export function hostOfVector(host: NovaHost, pools: readonly PciPool[] = []): Host {
  const cpus = (cell: NovaCell) =>
    CpuSet.union([parseCpuList(cell.cpuset), parseCpuList(cell.pcpuset), CpuSet.of(cell.siblings.flat())]);
  const online = CpuSet.union(host.cells.map(cpus)).toString();
  return {
    kind: 'pinfold/host',
    version: 1,
    topology: {
      kind: 'pinfold/topology',
      version: 1,
      host: 'vector',
      cpus: { present: online, online, isolated: '', withoutCell: '' },
      cells: host.cells.map(cell => ({
        id: cell.id,
        package: cell.socket,
        cpus: cpus(cell).toString(),
        memoryMiB: cell.memory_mb,
        pages: cell.mempages.map(pool => ({
          sizeKiB: pool.size_kb,
          total: pool.total,
          reserved: pool.reserved ?? 0,
        })),
        distances: null,
        cores: cell.siblings.map(core => CpuSet.of(core).toString()),
        caches: [],
      })),
      looseCores: [],
      devices: devicesOf(pools),
    },
    policy: policyOf(host),
    claims: host.cells.map(claimOfUsage),
  };
}

/** The request document that says the same as a vector's request. */
export function requestOfVector(
  vector: Pick<NovaVector, 'id' | 'request' | 'pci_requests'>,
): PlacementRequest {
  const { request } = vector;
  const devices: DeviceRequest[] = (vector.pci_requests ?? []).map(asked => ({
    vendor: asked.vendor_id,
    product: asked.product_id,
    count: asked.count,
    ...(asked.numa_policy === undefined ? {} : { policy: asked.numa_policy }),
  }));
  return {
    kind: 'pinfold/request',
    version: 1,
    vm: vector.id,
    vcpus: request.vcpus,
    memoryMiB: request.memory_mb,
    extraSpecs: request.extra_specs,
    ...(request.image_props === undefined ? {} : { imageProperties: request.image_props }),
    ...(devices.length === 0 ? {} : { devices }),
  };
}

function policyOf(host: NovaHost): HostPolicy {
  const union = (pick: (cell: NovaCell) => string) =>
    CpuSet.union(host.cells.map(cell => parseCpuList(pick(cell)))).toString();
  const both = host.cells.every(cell => parseCpuList(cell.cpuset).equals(parseCpuList(cell.pcpuset)));
  const sharedSet = host.cpu_shared_set ?? '';
  const sets = both
    ? sharedSet === ''
      ? {}
      : { vcpu_pin_set: union(cell => cell.pcpuset), cpu_shared_set: sharedSet }
    : { cpu_dedicated_set: union(cell => cell.pcpuset), cpu_shared_set: union(cell => cell.cpuset) };
  return {
    ...sets,
    cpu_allocation_ratio: host.limits?.cpu ?? NO_LIMIT,
    ram_allocation_ratio: host.limits?.ram ?? NO_LIMIT,
    strategy: host.pack === true ? 'pack' : 'spread',
  };
}

function claimOfUsage(cell: NovaCell): Claim {
  const pages = cell.mempages.filter(pool => pool.used > 0);
  const entry = (sizeKiB: number | null, count: number) => ({
    hostCell: cell.id,
    pcpus: '',
    sharedVcpus: 0,
    memoryMiB: 0,
    pageSizeKiB: sizeKiB,
    pages: count,
  });
  return {
    vm: `cell ${cell.id}`,
    source: 'observed',
    cells: [
      {
        ...entry(null, 0),
        pcpus: cell.pinned_cpus,
        sharedVcpus: cell.cpu_usage,
        memoryMiB: cell.memory_usage,
      },
      ...pages.map(pool => entry(pool.size_kb, pool.used)),
    ],
  };
}

function devicesOf(pools: readonly PciPool[]): Device[] {
  let next = 0;
  return pools.flatMap(pool =>
    Array.from({ length: pool.count }, () => {
      next += 1;
      return {
        address: `0000:${next.toString(16).padStart(2, '0')}:00.0`,
        cell: pool.numa_node,
        vendor: pool.vendor_id,
        product: pool.product_id,
        class: '020000',
      };
    }),
  );
}
