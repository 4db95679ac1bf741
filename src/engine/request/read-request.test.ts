import fc from 'fast-check';
import {
  OTHER_EXTRA_SPECS,
  OTHER_IMAGE_PROPERTIES,
  PINFOLD_OPTIONS,
  PLACEMENT_EXTRA_SPECS,
  PLACEMENT_IMAGE_PROPERTIES,
} from '../../domain/option-names.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { REQUEST_ERROR_CODES } from '../../domain/request-error-codes.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { carrierLimits } from './carrier-limits.ts';
import { parsePageSizeKiB } from './page-size.ts';
import { readRequest } from './read-request.ts';

const GUEST = { kind: 'pinfold/request', version: 1, vm: '100', vcpus: 4, memoryMiB: 1024 } as const;
const DEDICATED = { 'hw:cpu_policy': 'dedicated' };

function specOf(parts: Partial<PlacementRequest>) {
  const read = readRequest({ ...GUEST, ...parts });
  if (!read.ok) throw new Error(read.error.summary);
  return read.spec;
}

function errorOf(parts: Partial<PlacementRequest>) {
  const read = readRequest({ ...GUEST, ...parts });
  if (read.ok) throw new Error('was accepted');
  return read.error;
}

describe('a misspelt or misplaced option is an error with the right name', () => {
  test.each([
    ['hw:cpu_polcy', 'extraSpecs', 'unknown-option', 'hw:cpu_policy'],
    ['HW:CPU_POLICY', 'extraSpecs', 'unknown-option', 'hw:cpu_policy'],
    ['hw.cpu_policy', 'extraSpecs', 'unknown-option', 'hw:cpu_policy'],
    ['hw:max_cpu_threads', 'extraSpecs', 'unknown-option', 'hw:cpu_max_threads'],
    ['hw:numa_cpu.0', 'extraSpecs', 'unknown-option', 'hw:numa_cpus.0'],
    ['hw:numa_cpus.00', 'extraSpecs', 'unknown-option', 'hw:numa_cpus.0'],
    ['hw:numa_mem', 'extraSpecs', 'unknown-option', 'hw:numa_mem.0'],
    ['pinfold:cach', 'extraSpecs', 'unknown-option', 'pinfold:cache'],
    ['pinfold_cache', 'extraSpecs', 'unknown-option', 'pinfold:cache'],
    ['hw_cpu_policy', 'extraSpecs', 'option-in-wrong-source', 'hw:cpu_policy'],
    ['hw_disk_bus', 'extraSpecs', 'option-in-wrong-source', 'hw_disk_bus'],
    ['hw:cpu_policy', 'imageProperties', 'option-in-wrong-source', 'hw_cpu_policy'],
    ['hw:numa_mem.1', 'imageProperties', 'option-in-wrong-source', 'hw_numa_mem.1'],
    ['hw_cpu_polisy', 'imageProperties', 'unknown-option', 'hw_cpu_policy'],
    ['hw_cpu_dedicated_mask', 'imageProperties', 'option-not-for-images', 'hw:cpu_dedicated_mask'],
    ['hw:cpu_realtime', 'imageProperties', 'option-not-for-images', 'hw:cpu_realtime'],
    ['pinfold:cells', 'imageProperties', 'option-not-for-images', 'pinfold:cells'],
  ] as const)('%s among %s: %s, %s', (key, source, code, right) => {
    const error = errorOf({ [source]: { [key]: '1' } });
    expect(error).toMatchObject({ code, option: key });
    expect(error.summary).toContain(key);
    expect(error.summary).toContain(right);
  });

  test('whatever the value of the other options is', () => {
    expect(errorOf({ extraSpecs: { 'hw:cpu_policy': 'nonsense', 'hw:cpu_polic': 'x' } }).code).toBe(
      'unknown-option',
    );
  });
});

describe('what does not concern placement is ignored by name', () => {
  test.each([
    ...OTHER_EXTRA_SPECS,
    'quota:cpu_shares',
    'resources:MEMORY_MB',
    'trait:HW_CPU_X86_AVX2',
    'hwx:y',
    'powervm:uncapped',
  ])('extra spec %s', option => {
    const spec = specOf({ extraSpecs: { [option]: '1' } });
    expect(spec.notes).toEqual([expect.stringMatching(new RegExp(`^${option} .*ignored\\.$`))]);
    expect(spec.wantsPlacement).toBe(false);
  });

  test.each([...OTHER_IMAGE_PROPERTIES, 'os_type', 'img_config_drive', '__proto__'])(
    'image property %s',
    option => {
      const imageProperties = JSON.parse(`{"${option}":"1"}`) as Record<string, string>;
      expect(specOf({ imageProperties }).notes).toEqual([expect.stringContaining('ignored')]);
    },
  );
});

describe('Nova is followed where its contract is odd, and says so in the notes', () => {
  test.each([
    [
      'dedicated overrides a shared image',
      DEDICATED,
      { hw_cpu_policy: 'shared' },
      { cpuPolicy: 'dedicated' },
    ],
    [
      'thread policy prefer beats any image',
      { ...DEDICATED, 'hw:cpu_thread_policy': 'prefer' },
      { hw_cpu_thread_policy: 'isolate' },
      { threadPolicy: 'prefer' },
    ],
    [
      'cell lists without cells are ignored',
      { 'hw:numa_cpus.0': '9', 'hw:numa_mem.5': '1' },
      {},
      { wantsPlacement: false },
    ],
    ['a page size of 0 is none', { 'hw:mem_page_size': '0' }, {}, { pageSize: null, wantsPlacement: false }],
    [
      'a realtime word without meaning is no',
      { ...DEDICATED, 'hw:cpu_realtime': 'perhaps' },
      {},
      { realtimeVcpus: null },
    ],
    [
      'a realtime mask alone is ignored',
      { ...DEDICATED, 'hw:cpu_realtime_mask': '^0' },
      {},
      { realtimeVcpus: null },
    ],
    ['bits without a mode are ignored', { 'hw:maxphysaddr_bits': '40' }, {}, { physicalAddress: null }],
    [
      'an image cannot forbid hyperthreading',
      DEDICATED,
      { 'trait:HW_CPU_HYPERTHREADING': 'forbidden' },
      { threadPolicy: null },
    ],
    [
      'a preference above the limit is dropped',
      { 'hw:cpu_threads': '4', 'hw:cpu_max_threads': '2' },
      {},
      { topology: { preferred: { threads: null } } },
    ],
  ])('%s', (_, extraSpecs, imageProperties, expected) => {
    const spec = specOf({ extraSpecs, imageProperties });
    expect(spec).toMatchObject(expected);
    expect(spec.notes.length).toBeGreaterThan(0);
  });
});

describe('cells', () => {
  test('a gap ends the list, and an entry behind it does not count', () => {
    const lists = {
      'hw:numa_nodes': '1',
      'hw:numa_cpus.0': '0-3',
      'hw:numa_mem.0': '1024',
      'hw:numa_cpus.7': 'x',
    };
    expect(specOf({ extraSpecs: lists }).cells).toHaveLength(1);
  });

  test('may have no vCPUs or no memory, but not less than none', () => {
    const lists = { 'hw:numa_nodes': '2', 'hw:numa_cpus.0': '0-3', 'hw:numa_cpus.1': '' };
    const cells = specOf({ extraSpecs: { ...lists, 'hw:numa_mem.0': '0', 'hw:numa_mem.1': '1024' } }).cells;
    expect(cells[1]!.vcpus.isEmpty).toBe(true);
    expect(errorOf({ extraSpecs: { ...lists, 'hw:numa_mem.0': '-1', 'hw:numa_mem.1': '1025' } }).code).toBe(
      'numa-memory-invalid',
    );
  });

  test('are split as the dedicated mask says in mixed guests', () => {
    const { cells } = specOf({
      extraSpecs: { 'hw:cpu_policy': 'mixed', 'hw:cpu_dedicated_mask': '1-2', 'hw:numa_nodes': '2' },
    });
    expect(cells.map(cell => cell.dedicated.toString())).toEqual(['1', '2']);
  });

  test('that are given leave nothing to pinfold:auto_numa', () => {
    expect(specOf({ extraSpecs: { 'pinfold:auto_numa': 'yes', 'hw:numa_nodes': '2' } })).toMatchObject({
      autoCells: false,
    });
  });
});

describe('realtime and emulator threads', () => {
  test('all vCPUs may be realtime only when the emulator threads run elsewhere', () => {
    const all = { ...DEDICATED, 'hw:cpu_realtime': '1', 'hw:cpu_realtime_mask': '0-3' };
    expect(errorOf({ extraSpecs: all }).summary).toContain('hw:emulator_threads_policy');
    expect(
      specOf({ extraSpecs: { ...all, 'hw:emulator_threads_policy': 'isolate' } }).realtimeVcpus?.size,
    ).toBe(4);
  });

  test('the emulator mask must hold a vCPU without realtime', () => {
    const extraSpecs = {
      ...DEDICATED,
      'hw:cpu_realtime': '1',
      'hw:cpu_realtime_mask': '^0',
      'hw:emulator_threads_policy': 'mask',
    };
    expect(errorOf({ extraSpecs: { ...extraSpecs, 'hw:emulator_threads_mask': '1' } }).code).toBe(
      'emulator-mask-invalid',
    );
    expect(
      specOf({ extraSpecs: { ...extraSpecs, 'hw:emulator_threads_mask': '0-1' } }).emulatorVcpus?.toString(),
    ).toBe('0-1');
  });

  test('mixed with realtime and no mask pins every vCPU', () => {
    const spec = specOf({
      extraSpecs: {
        'hw:cpu_policy': 'mixed',
        'hw:cpu_realtime': 'on',
        'hw:emulator_threads_policy': 'share',
      },
    });
    expect(spec.cells[0]!.dedicated.equals(CpuSet.range(0, 3))).toBe(true);
    expect(spec.cpuPolicy).toBe('mixed');
  });
});

test.each([
  ['2048', 2048],
  ['2MB', 2048],
  ['2MiB', 2048],
  ['2048KB', 2048],
  ['2048kB', 2048],
  ['16Mbit', 2048],
  ['16Mb', 2048],
  ['1GB', 1048576],
  ['0.5GB', 524288],
  ['512b', 0],
  ['2M', undefined],
  ['1G', undefined],
  ['-1', undefined],
  ['MB', undefined],
  ['1PB', undefined],
  ['2048 KB', undefined],
  ['', undefined],
])('a page size spelt %j is %p KiB', (text, expected) => {
  expect(parsePageSizeKiB(text)).toBe(expected);
});

test('Proxmox VE cannot carry guest threads and locked memory, libvirt can', () => {
  const extraSpecs = { 'hw:cpu_threads': '2', 'hw:mem_page_size': 'large', 'hw:locked_memory': 'true' };
  expect(carrierLimits(specOf({ extraSpecs }))).toEqual([]);
  expect(carrierLimits(specOf({ extraSpecs, carrier: 'proxmox' })).map(limit => limit.option)).toEqual([
    'hw:cpu_threads',
    'hw:locked_memory',
  ]);
});

test('a device wish counts as a placement only when it is required', () => {
  const device = { address: '0000:21:00.0' };
  expect(specOf({ devices: [device] }).wantsPlacement).toBe(false);
  expect(specOf({ devices: [{ ...device, policy: 'required' }] }).wantsPlacement).toBe(true);
  expect(
    specOf({
      devices: [{ ...device, policy: 'required' }],
      extraSpecs: { 'hw:pci_numa_affinity_policy': 'preferred' },
    }).wantsPlacement,
  ).toBe(false);
});

test('any values of any options give a specification or one sentence with a code of the list, and keep every vCPU and MiB', () => {
  const value = fc.oneof(
    fc.constantFrom(
      '',
      '0',
      '1',
      '2',
      '4',
      '-1',
      'yes',
      'no',
      'x',
      '0-1',
      '^0',
      '2-3',
      '0-3',
      '^0-3',
      '2MB',
      'large',
      'any',
      'small',
      '512',
      '1024',
    ),
    fc.constantFrom(
      'shared',
      'dedicated',
      'mixed',
      'prefer',
      'isolate',
      'require',
      'share',
      'mask',
      'required',
      'emulate',
      'cell',
      'separate',
    ),
    fc.string({ maxLength: 8 }),
  );
  const some = (names: readonly string[]) => fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 7 });
  const cells = ['0', '1', '2'].flatMap(cell => [`numa_cpus.${cell}`, `numa_mem.${cell}`]);
  fc.assert(
    fc.property(
      some([
        ...PLACEMENT_EXTRA_SPECS,
        ...PINFOLD_OPTIONS,
        ...cells.map(name => `hw:${name}`),
        'resources:PCPU',
      ]),
      some([...PLACEMENT_IMAGE_PROPERTIES, ...cells.map(name => `hw_${name}`)]),
      (extraSpecs, imageProperties) => {
        const read = readRequest({ ...GUEST, extraSpecs, imageProperties });
        if (!read.ok) {
          expect(REQUEST_ERROR_CODES).toContain(read.error.code);
          expect(read.error.summary).toMatch(/\.$/);
          return;
        }
        const { spec } = read;
        const vcpus = spec.cells.flatMap(cell => cell.vcpus.toArray());
        expect(vcpus.sort()).toEqual([0, 1, 2, 3]);
        expect(spec.cells.reduce((sum, cell) => sum + cell.memoryMiB, 0)).toBe(1024);
        expect(spec.cells.every(cell => cell.dedicated.isSubsetOf(cell.vcpus))).toBe(true);
      },
    ),
    { numRuns: 3000 },
  );
});
