import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCpuSpec } from '../../domain/cpu-spec.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { chooseGuestTopology, type GuestTopology } from './guest-topology.ts';
import { readRequest } from './read-request.ts';

const VECTORS = join(process.env['PINFOLD_SHARED'] ?? join(process.cwd(), '..', 'shared'), 'vectors', 'nova');
const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(VECTORS, `vectors-${name}.json`), 'utf8'));
const load = (name: string) => read(name) as readonly Vector[];

interface Vector {
  readonly id: string;
  readonly request: {
    readonly vcpus: number;
    readonly memory_mb: number;
    readonly extra_specs?: Readonly<Record<string, unknown>>;
    readonly image_props?: Readonly<Record<string, unknown>>;
  };
  readonly expect: {
    readonly error?: string | null;
    readonly cpu_topology?: GuestTopology | null;
    readonly pci_numa_policy?: string | null;
    readonly constraints?: Constraints | null;
  };
}

interface Constraints {
  readonly emulator_threads_policy: string | null;
  readonly cells: readonly Readonly<Record<string, unknown>>[];
}

interface CpuSpecVector {
  readonly id: string;
  readonly spec: string;
  readonly expect: { readonly error?: string; readonly cpus?: number[]; readonly formatted?: string };
}

/** Where we decide otherwise than Nova on purpose; each has its row in docs/differences-from-nova.md. */
const REFUSED_ON_PURPOSE: Record<string, string> = {
  'req-398': 'a misspelt hw: option is an error that names the nearest right one',
};
const READ_ON_PURPOSE: Record<string, string> = {
  'req-126': 'the image property hw_emulator_threads_policy is read',
};

/** Nova's exception and the codes that we give to the same mistake. */
const CODES: Record<string, readonly string[]> = {
  BadRequirementEmulatorThreadsPolicy: ['emulator-policy-needs-dedicated'],
  CPUThreadPolicyConfigurationInvalid: ['thread-policy-needs-dedicated'],
  FlavorImageConflict: ['physical-address-conflict'],
  FlavorImageLockedMemoryConflict: ['locked-memory-conflict'],
  ImageCPUPinningForbidden: ['cpu-policy-conflict'],
  ImageCPUThreadPolicyForbidden: ['thread-policy-conflict'],
  ImageNUMATopologyAsymmetric: ['numa-split-uneven'],
  ImageNUMATopologyCPUDuplicates: ['numa-vcpu-twice'],
  ImageNUMATopologyCPUOutOfRange: ['numa-vcpu-out-of-range'],
  ImageNUMATopologyCPUsUnassigned: ['numa-vcpu-unassigned'],
  ImageNUMATopologyForbidden: ['numa-conflict'],
  ImageNUMATopologyIncomplete: ['numa-lists-incomplete'],
  ImageNUMATopologyMemoryOutOfRange: ['numa-memory-mismatch'],
  ImagePCINUMAPolicyForbidden: ['pci-policy-conflict'],
  ImageVCPULimitsRangeExceeded: ['topology-limit-conflict'],
  ImageVCPULimitsRangeImpossible: ['topology-impossible'],
  ImageVCPUTopologyRangeExceeded: ['topology-preference-above-limit'],
  Invalid: ['cpu-set-invalid', 'dedicated-mask-invalid', 'realtime-mask-invalid', 'physical-address-invalid'],
  InvalidCPUAllocationPolicy: ['cpu-policy-invalid'],
  InvalidCPUThreadAllocationPolicy: ['thread-policy-invalid'],
  InvalidEmulatorThreadsPolicy: ['emulator-policy-invalid'],
  InvalidMixedInstanceDedicatedMask: ['dedicated-mask-invalid'],
  InvalidNUMANodesNumber: ['numa-nodes-invalid'],
  InvalidPCINUMAAffinity: ['pci-policy-invalid'],
  InvalidRequest: [
    'cpu-policy-invalid',
    'thread-policy-invalid',
    'pci-policy-invalid',
    'numa-nodes-invalid',
    'topology-value-invalid',
    'resources-conflict',
    'resources-count-wrong',
    'hyperthreading-trait-conflict',
  ],
  LockMemoryForbidden: ['locked-memory-needs-page-size'],
  MemoryPageSizeForbidden: ['page-size-conflict'],
  MemoryPageSizeInvalid: ['page-size-invalid'],
  RealtimeConfigurationInvalid: ['realtime-needs-dedicated'],
  RealtimeMaskNotFoundOrInvalid: ['realtime-mask-invalid'],
  RequiredMixedInstancePolicy: ['dedicated-mask-needs-mixed'],
  RequiredMixedOrRealtimeCPUMask: ['mixed-needs-one-mask'],
  ValueError: ['numa-memory-invalid'],
};

function requestOf(vector: Vector): PlacementRequest {
  const strings = (values: Record<string, unknown> = {}) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
  return {
    kind: 'pinfold/request',
    version: 1,
    vm: vector.id,
    vcpus: vector.request.vcpus,
    memoryMiB: vector.request.memory_mb,
    extraSpecs: strings(vector.request.extra_specs),
    imageProperties: strings(vector.request.image_props),
  };
}

function specOf(vector: Vector) {
  const answer = readRequest(requestOf(vector));
  if (!answer.ok) throw new Error(`${vector.id}: ${answer.error.summary}`);
  return answer.spec;
}

const PAGE_SIZES: Record<string, string> = { '-1': 'small', '-2': 'large', '-3': 'any' };
const requests = load('request');
const invalid = requests.filter(vector => vector.expect.error !== null);
const valid = requests.filter(vector => vector.expect.error === null && !(vector.id in REFUSED_ON_PURPOSE));

describe("Nova's request vectors", () => {
  test('are all here', () => {
    expect(requests).toHaveLength(239);
    expect(invalid.length).toBeGreaterThan(90);
  });

  test.each(invalid.map(vector => [vector.id, vector] as const))(
    '%s is refused as invalid for the same reason',
    (_, vector) => {
      const answer = readRequest(requestOf(vector));
      if (answer.ok) throw new Error('was accepted');
      expect(CODES[vector.expect.error!]).toContain(answer.error.code);
      expect(answer.error.summary).toMatch(/^[\S\s]{20,600}\.$/);
      expect(answer.error.summary).toContain(
        answer.error.option!.replace(/^hw[:_]/, '').replace(/\.\d+$/, ''),
      );
    },
  );

  test.each(valid.map(vector => [vector.id, vector] as const))(
    '%s is valid and means the same',
    (id, vector) => {
      const spec = specOf(vector);
      const { constraints, cpu_topology, pci_numa_policy } = vector.expect;
      expect(chooseGuestTopology(spec.vcpus, spec.topology)).toEqual(cpu_topology);
      expect(spec.devicePolicy).toBe(pci_numa_policy ?? null);
      expect(spec.wantsPlacement).toBe(Boolean(constraints));
      if (!constraints) return;
      if (!(id in READ_ON_PURPOSE))
        expect(spec.emulator).toBe(constraints.emulator_threads_policy ?? 'float');
      expect(
        spec.cells.map(cell => ({
          id: cell.id,
          cpuset: cell.vcpus.minus(cell.dedicated).toString(),
          pcpuset: cell.dedicated.toString(),
          memory_mb: cell.memoryMiB,
          pagesize: spec.pageSize,
          cpu_policy: spec.cpuPolicy,
          cpu_thread_policy: spec.threadPolicy,
        })),
      ).toEqual(
        constraints.cells.map(cell => ({
          id: cell['id'],
          cpuset: cell['cpuset'],
          pcpuset: cell['pcpuset'],
          memory_mb: cell['memory_mb'],
          pagesize: PAGE_SIZES[String(cell['pagesize'])] ?? cell['pagesize'],
          cpu_policy: cell['cpu_policy'],
          cpu_thread_policy: cell['cpu_thread_policy'],
        })),
      );
    },
  );

  test.each(Object.keys({ ...REFUSED_ON_PURPOSE, ...READ_ON_PURPOSE }))('%s has its row in the docs', id => {
    expect(readFileSync(join(process.cwd(), 'docs', 'differences-from-nova.md'), 'utf8')).toMatch(
      new RegExp(`\\| ${id} \\|`),
    );
  });

  test.each(Object.entries(REFUSED_ON_PURPOSE))('%s is refused on purpose: %s', id => {
    const answer = readRequest(requestOf(requests.find(vector => vector.id === id)!));
    expect(answer).toMatchObject({ ok: false, error: { code: 'unknown-option', option: 'hw:unknown_key' } });
  });

  test.each(Object.entries(READ_ON_PURPOSE))('%s differs on purpose: %s', id => {
    expect(specOf(requests.find(vector => vector.id === id)!).emulator).toBe('isolate');
  });
});

describe.each(['fit', 'novabugs', 'pci'])("the requests inside Nova's %s vectors", name => {
  const vectors = load(name);

  test('are valid whenever Nova found them valid', () => {
    const wrong = vectors
      .map(vector => ({
        id: vector.id,
        error: vector.expect.error ?? null,
        answer: readRequest(requestOf(vector)),
      }))
      .filter(({ error, answer }) => answer.ok !== (error === null));
    expect(wrong).toEqual([]);
  });

  test('get the guest topology that Nova tells them', () => {
    const told = vectors.filter(vector => vector.expect.cpu_topology);
    for (const vector of told) {
      const spec = specOf(vector);
      expect([vector.id, chooseGuestTopology(spec.vcpus, spec.topology)]).toEqual([
        vector.id,
        vector.expect.cpu_topology,
      ]);
    }
  });
});

describe("Nova's CPU specification vectors", () => {
  test.each(
    (read('cpuspec') as readonly CpuSpecVector[]).map(
      vector => [vector.id, vector.spec, vector.expect] as const,
    ),
  )('%s %j', (_, spec, expected) => {
    if (expected.error !== undefined) expect(() => parseCpuSpec(spec)).toThrow(/CPU set/);
    else {
      expect(parseCpuSpec(spec).toArray()).toEqual(expected.cpus);
      expect(parseCpuSpec(spec).toString()).toBe(expected.formatted);
    }
  });
});
