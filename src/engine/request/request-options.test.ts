import {
  CELL_EXTRA_SPECS,
  CELL_IMAGE_PROPERTIES,
  PINFOLD_OPTIONS,
  PLACEMENT_EXTRA_SPECS,
  PLACEMENT_IMAGE_PROPERTIES,
} from '../../domain/option-names.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import { readRequest } from './read-request.ts';

type Options = Readonly<Record<string, string>>;
const DEDICATED = { 'hw:cpu_policy': 'dedicated' };
const MIXED = { 'hw:cpu_policy': 'mixed' };
const REALTIME = { ...DEDICATED, 'hw:cpu_realtime': 'yes' };

/** The specification of a guest with 4 vCPUs and 1024 MiB, as JSON; or its error's code. */
function outcome(extraSpecs: Options, imageProperties: Options = {}): unknown {
  const read = readRequest({
    kind: 'pinfold/request',
    version: 1,
    vm: '100',
    vcpus: 4,
    memoryMiB: 1024,
    iothreads: 1,
    extraSpecs,
    imageProperties,
    devices: [{ vendor: '8086', product: '10ed' }],
  });
  return read.ok ? (JSON.parse(JSON.stringify(read.spec)) as GuestSpec) : read.error.code;
}

/** An option, the other options of both requests, a value, and what differs because of it. */
const SPECS: readonly (readonly [option: string, beside: Options, value: string, effect: object | string])[] =
  [
    [
      'hw:cpu_policy',
      {},
      'dedicated',
      { cpuPolicy: 'dedicated', wantsPlacement: true, cells: [{ dedicated: '0-3' }] },
    ],
    ['hw:cpu_policy', {}, 'shared', { cpuPolicy: 'shared', wantsPlacement: false }],
    ['hw:cpu_thread_policy', DEDICATED, 'isolate', { threadPolicy: 'isolate' }],
    ['hw:cpu_thread_policy', {}, 'prefer', 'thread-policy-needs-dedicated'],
    [
      'hw:cpu_dedicated_mask',
      MIXED,
      '^0',
      { cpuPolicy: 'mixed', cells: [{ vcpus: '0-3', dedicated: '1-3' }] },
    ],
    ['hw:cpu_realtime', { ...DEDICATED, 'hw:cpu_realtime_mask': '^0' }, 'yes', { realtimeVcpus: '1-3' }],
    [
      'hw:cpu_realtime_mask',
      { ...REALTIME, 'hw:emulator_threads_policy': 'share' },
      '2-3',
      { realtimeVcpus: '2-3' },
    ],
    ['hw:emulator_threads_policy', DEDICATED, 'isolate', { emulator: 'isolate' }],
    ['hw:emulator_threads_policy', {}, 'share', { emulator: 'share', wantsPlacement: false }],
    [
      'hw:emulator_threads_mask',
      { ...DEDICATED, 'hw:emulator_threads_policy': 'mask' },
      '^2-3',
      { emulator: 'mask', emulatorVcpus: '0-1' },
    ],
    ['hw:emulator_threads_mask', DEDICATED, '0', 'emulator-mask-needs-policy'],
    [
      'hw:numa_nodes',
      {},
      '2',
      {
        cells: [
          { vcpus: '0-1', memoryMiB: 512 },
          { vcpus: '2-3', memoryMiB: 512 },
        ],
      },
    ],
    ['hw:numa_cpus', { 'hw:numa_nodes': '1', 'hw:numa_mem.0': '1024' }, '0-3', { cells: [{ vcpus: '0-3' }] }],
    [
      'hw:numa_mem',
      { 'hw:numa_nodes': '1', 'hw:numa_cpus.0': '0-3' },
      '1024',
      { cells: [{ memoryMiB: 1024 }] },
    ],
    ['hw:mem_page_size', {}, 'large', { pageSize: 'large', wantsPlacement: true }],
    ['hw:mem_page_size', {}, '2MB', { pageSize: 2048 }],
    ['hw:locked_memory', { 'hw:mem_page_size': 'small' }, 'true', { lockedMemory: true }],
    ['hw:pci_numa_affinity_policy', {}, 'required', { devicePolicy: 'required', wantsPlacement: true }],
    ['hw:cpu_sockets', {}, '2', { topology: { preferred: { sockets: 2 } } }],
    ['hw:cpu_cores', {}, '2', { topology: { preferred: { cores: 2 } } }],
    ['hw:cpu_threads', {}, '2', { topology: { preferred: { threads: 2 } } }],
    ['hw:cpu_max_sockets', {}, '2', { topology: { maximum: { sockets: 2 } } }],
    ['hw:cpu_max_cores', {}, '2', { topology: { maximum: { cores: 2 } } }],
    [
      'hw:cpu_max_threads',
      { 'hw:cpu_threads': '2' },
      '1',
      { topology: { preferred: { threads: null }, maximum: { threads: 1 } } },
    ],
    [
      'hw:maxphysaddr_mode',
      { 'hw:maxphysaddr_bits': '42' },
      'emulate',
      { physicalAddress: { mode: 'emulate', bits: 42 } },
    ],
    [
      'hw:maxphysaddr_bits',
      { 'hw:maxphysaddr_mode': 'emulate' },
      '42',
      { physicalAddress: { mode: 'emulate', bits: 42 } },
    ],
    ['pinfold:threads', DEDICATED, 'separate', { threadPolicy: 'separate' }],
    ['pinfold:threads', { ...DEDICATED, 'hw:cpu_thread_policy': 'prefer' }, 'avoid', 'pinfold-conflict'],
    ['pinfold:cache', {}, 'require', { cache: 'require', wantsPlacement: true }],
    ['pinfold:cpu_kind', {}, 'efficiency', { cpuKind: 'efficiency', wantsPlacement: true }],
    ['pinfold:cells', {}, '0-1,3', { allowedCells: [0, 1, 3], wantsPlacement: true }],
    ['pinfold:iothreads', DEDICATED, 'isolate', { iothreadPolicy: 'isolate' }],
    ['pinfold:iothreads', {}, 'isolate', 'pinfold-needs-dedicated'],
    ['pinfold:confine', {}, 'cell', { confineToCell: true, wantsPlacement: true }],
    ['pinfold:auto_numa', {}, 'true', { autoCells: true, wantsPlacement: true }],
    ['pinfold:reserve_hotplug', {}, 'yes', { vcpus: 4, wantsPlacement: true }],
    ['pinfold:reserve_hotplug', {}, 'later', 'pinfold-value-invalid'],
    ['resources:PCPU', {}, '4', { cpuPolicy: 'dedicated' }],
    [
      'resources:PCPU',
      { 'hw:emulator_threads_policy': 'isolate' },
      '5',
      { cpuPolicy: 'dedicated', emulator: 'isolate' },
    ],
    ['resources1:PCPU', {}, '3', 'resources-count-wrong'],
    ['resources:VCPU', {}, '4', { cpuPolicy: 'shared' }],
    ['trait:HW_CPU_HYPERTHREADING', DEDICATED, 'forbidden', { threadPolicy: 'isolate' }],
    ['trait:HW_CPU_HYPERTHREADING', DEDICATED, 'required', { threadPolicy: 'require' }],
  ];

const PROPERTIES: typeof SPECS = [
  ['hw_cpu_policy', {}, 'dedicated', { cpuPolicy: 'dedicated' }],
  ['hw_cpu_policy', { 'hw:cpu_policy': 'shared' }, 'dedicated', 'cpu-policy-conflict'],
  ['hw_cpu_thread_policy', DEDICATED, 'require', { threadPolicy: 'require' }],
  ['hw_cpu_realtime_mask', { ...REALTIME, 'hw:cpu_realtime_mask': '^0' }, '^1', { realtimeVcpus: '0,2-3' }],
  ['hw_emulator_threads_policy', DEDICATED, 'isolate', { emulator: 'isolate' }],
  [
    'hw_emulator_threads_policy',
    { ...DEDICATED, 'hw:emulator_threads_policy': 'share' },
    'isolate',
    'emulator-policy-conflict',
  ],
  [
    'hw_emulator_threads_mask',
    { ...DEDICATED, 'hw:emulator_threads_policy': 'mask' },
    '3',
    { emulatorVcpus: '3' },
  ],
  ['hw_numa_nodes', {}, '4', { cells: [{ id: 0 }, { id: 1 }, { id: 2 }, { id: 3 }] }],
  ['hw_numa_nodes', { 'hw:numa_nodes': '2' }, '2', 'numa-conflict'],
  ['hw_numa_cpus', { 'hw:numa_nodes': '1', 'hw:numa_mem.0': '1024' }, '0-3', { cells: [{ vcpus: '0-3' }] }],
  [
    'hw_numa_mem',
    { 'hw:numa_nodes': '1', 'hw:numa_cpus.0': '0-3' },
    '1024',
    { cells: [{ memoryMiB: 1024 }] },
  ],
  ['hw_mem_page_size', { 'hw:mem_page_size': 'any' }, 'small', { pageSize: 'small' }],
  ['hw_mem_page_size', { 'hw:mem_page_size': '4' }, '4', 'page-size-conflict'],
  ['hw_locked_memory', { 'hw:mem_page_size': 'small' }, 'true', { lockedMemory: true }],
  ['hw_pci_numa_affinity_policy', {}, 'socket', { devicePolicy: 'socket' }],
  ['hw_cpu_sockets', { 'hw:cpu_cores': '4' }, '2', { topology: { preferred: { sockets: 2, cores: null } } }],
  ['hw_cpu_cores', {}, '2', { topology: { preferred: { cores: 2 } } }],
  ['hw_cpu_threads', {}, '2', { topology: { preferred: { threads: 2 } } }],
  ['hw_cpu_max_sockets', { 'hw:cpu_max_sockets': '2' }, '4', 'topology-limit-conflict'],
  ['hw_cpu_max_cores', { 'hw:cpu_max_cores': '4' }, '2', { topology: { maximum: { cores: 2 } } }],
  ['hw_cpu_max_threads', { 'hw:cpu_max_sockets': '1', 'hw:cpu_max_cores': '2' }, '1', 'topology-impossible'],
  ['hw_maxphysaddr_mode', {}, 'passthrough', { physicalAddress: { mode: 'passthrough', bits: null } }],
  [
    'hw_maxphysaddr_bits',
    { 'hw:maxphysaddr_mode': 'emulate' },
    '40',
    { physicalAddress: { mode: 'emulate', bits: 40 } },
  ],
  ['trait:HW_CPU_HYPERTHREADING', DEDICATED, 'required', { threadPolicy: 'require' }],
];

const key = (option: string) => (/numa_(cpus|mem)$/.test(option) ? `${option}.0` : option);

describe('each option makes a difference', () => {
  test.each(SPECS)('extra spec %s beside %j: %s', (option, beside, value, effect) => {
    const with_ = outcome({ ...beside, [key(option)]: value });
    expect(with_).not.toEqual(outcome(beside));
    if (typeof effect === 'string') expect(with_).toBe(effect);
    else expect(with_).toMatchObject(effect);
  });

  test.each(PROPERTIES)('image property %s beside %j: %s', (option, beside, value, effect) => {
    const with_ = outcome(beside, { [key(option)]: value });
    expect(with_).not.toEqual(outcome(beside));
    if (typeof effect === 'string') expect(with_).toBe(effect);
    else expect(with_).toMatchObject(effect);
  });

  test('and none is left out above', () => {
    const tried = (rows: typeof SPECS) => new Set(rows.map(([option]) => option));
    for (const option of [...PLACEMENT_EXTRA_SPECS, ...PINFOLD_OPTIONS, ...CELL_EXTRA_SPECS])
      expect(tried(SPECS)).toContain(option);
    for (const option of [...PLACEMENT_IMAGE_PROPERTIES, ...CELL_IMAGE_PROPERTIES])
      expect(tried(PROPERTIES)).toContain(option);
  });
});
