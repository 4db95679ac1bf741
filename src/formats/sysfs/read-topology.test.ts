import fc from 'fast-check';
import { AppError } from '../../domain/app-error.ts';
import type { Machine } from '../../machines/machine.ts';
import { NAMED_MACHINES, namedMachine, type MachineName } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { topologyOf } from '../../machines/topology-of.ts';
import { textTreeOf, type TextTree } from '../text-tree.ts';
import { readTopology } from './read-topology.ts';

const read = (machine: Machine) => readTopology(textTreeOf(renderMachine(machine)), machine.name);
const names = Object.keys(NAMED_MACHINES) as MachineName[];

/** The machine's tree with some files changed; null removes one. */
function treeOf(machine: Machine, changes: Readonly<Record<string, string | null>>): TextTree {
  const files = new Map(renderMachine(machine));
  for (const [path, text] of Object.entries(changes)) {
    if (text === null) files.delete(path);
    else files.set(path, text);
  }
  return textTreeOf(files);
}

const anyPools = fc.constantFrom<NonNullable<Machine['pools']>>(
  [],
  [{ sizeKiB: 2048, total: 0 }],
  [{ sizeKiB: 2048, total: 100, free: 37 }],
  [
    { sizeKiB: 2048, total: 64 },
    { sizeKiB: 1048576, total: 1, free: 0 },
  ],
);

/** Regular machines of up to 4 sockets, 3 cells each, 6 cores each. */
const anyShape = fc.record({
  name: fc.constant('any'),
  sockets: fc.integer({ min: 1, max: 4 }),
  cellsPerSocket: fc.integer({ min: 1, max: 3 }),
  coresPerCell: fc.integer({ min: 1, max: 6 }),
  threadsPerCore: fc.constantFrom(1, 2, 4),
  siblings: fc.constantFrom<'split' | 'adjacent'>('split', 'adjacent'),
  numbering: fc.constantFrom<'blocks' | 'interleaved'>('blocks', 'interleaved'),
  coresPerCache: fc.constantFrom(0, 1, 2, 3, 6, 100),
  memoryMiBPerCell: fc.integer({ min: 4096, max: 9000 }),
  usedMiBPerCell: fc.integer({ min: 0, max: 2000 }),
  pools: anyPools,
  distances: fc.record({ near: fc.integer({ min: 11, max: 20 }), far: fc.integer({ min: 21, max: 254 }) }),
});

/** Those with oddities: each is chosen so that the machine stays possible. */
const anyMachine: fc.Arbitrary<Machine> = anyShape.chain(shape => {
  const places = shape.sockets * shape.cellsPerSocket;
  const cpus = places * shape.coresPerCell * shape.threadsPerCore;
  const cpu = fc.integer({ min: 0, max: cpus - 1 });
  return fc
    .record({
      offline: fc.uniqueArray(cpu, { maxLength: Math.min(6, cpus - 1) }),
      isolated: fc.uniqueArray(cpu, { maxLength: 4 }),
      memoryOnly: fc.array(
        fc.record({
          memoryMiB: fc.integer({ min: 1, max: 5000 }),
          socket: fc.integer({ min: 0, max: shape.sockets - 1 }),
        }),
        { maxLength: 2 },
      ),
      gap: fc.integer({ min: 0, max: 3 }),
      offlineCells: fc.uniqueArray(fc.integer({ min: 0, max: places - 1 }), {
        maxLength: Math.min(2, places - 1),
      }),
      cellsListOffline: fc.boolean(),
      efficiency: fc.option(
        fc.record({
          perCell: fc.integer({ min: 1, max: shape.coresPerCell }),
          shownBy: fc.constantFrom<'pmu' | 'capacity' | 'cppc'>('pmu', 'capacity', 'cppc'),
        }),
        { nil: undefined },
      ),
      odd: fc.option(fc.record({ cores: fc.integer({ min: 0, max: 3 }), memoryMiB: fc.constant(5000) }), {
        nil: undefined,
      }),
      noNodeFolder: fc.boolean(),
      cell: fc.constantFrom(null, 0),
    })
    .map(
      ({ offline, isolated, memoryOnly, gap, offlineCells, cellsListOffline, efficiency, odd, ...rest }) => {
        const regular = efficiency === undefined && odd === undefined;
        const flat = rest.noNodeFolder && places + memoryOnly.length === 1;
        return {
          ...shape,
          isolated: isolated.sort((a, b) => a - b).join(','),
          devices: [
            { address: '0000:01:00.0', cell: rest.cell, vendor: '10de', product: '20b5', class: '030200' },
            { address: '0000:c1:00.1', cell: null, vendor: '8086', product: '0953', class: '010802' },
          ],
          oddities: {
            ...(regular ? { offlineCpus: offline.sort((a, b) => a - b).join(',') } : {}),
            memoryOnly,
            cellIds: Array.from({ length: places + memoryOnly.length }, (_, place) => place * (gap + 1)),
            offlineCells,
            cellsListOffline,
            ...(efficiency === undefined ? {} : { efficiencyCores: efficiency }),
            ...(odd === undefined || places === 1 ? {} : { cells: { [places - 1]: odd } }),
            noNodeFolder: flat,
          },
        };
      },
    );
});

describe('the topology of a generated machine', () => {
  test.each(names)('%s is read as it was described', name => {
    expect(read(namedMachine(name))).toEqual(topologyOf(namedMachine(name)));
  });

  test('is the description, whatever the shape and its oddities', () => {
    fc.assert(
      fc.property(anyMachine, machine => {
        expect(read(machine)).toEqual(topologyOf(machine));
      }),
      { numRuns: 300 },
    );
  });

  test('dual-socket-smt is what its operator would say', () => {
    const topology = read(namedMachine('dual-socket-smt'));
    expect(topology.cells.map(({ id, package: socket, cpus }) => ({ id, socket, cpus }))).toEqual([
      { id: 0, socket: 0, cpus: '0-7,16-23' },
      { id: 1, socket: 1, cpus: '8-15,24-31' },
    ]);
    expect(topology.cells[1]).toMatchObject({
      memoryMiB: 65536,
      distances: { 0: 21, 1: 10 },
      cores: ['8,24', '9,25', '10,26', '11,27', '12,28', '13,29', '14,30', '15,31'],
      caches: ['8-15,24-31'],
      pages: [
        { sizeKiB: 4, total: 11534336, free: 11272192, reserved: 0 },
        { sizeKiB: 2048, total: 8192, free: 8192, reserved: 0 },
        { sizeKiB: 1048576, total: 4, free: 4, reserved: 0 },
      ],
    });
    expect(topology.devices.map(device => device.cell)).toEqual([0, 1]);
  });

  test('hybrid-desktop has two kinds, wherever the kernel says so', () => {
    for (const shownBy of ['pmu', 'capacity', 'cppc'] as const) {
      const machine = {
        ...namedMachine('hybrid-desktop'),
        oddities: { efficiencyCores: { perCell: 8, shownBy } },
      };
      expect(read(machine).kinds).toEqual({ performance: '0-11', efficiency: '12-19' });
    }
  });

  test('snc-shared-cache shows the whole cache domain in both cells', () => {
    expect(read(namedMachine('snc-shared-cache')).cells.map(cell => cell.caches)).toEqual([
      ['0-31'],
      ['0-31'],
    ]);
  });
});

describe('what a kernel can say oddly', () => {
  const CPU = '/sys/devices/system/cpu';
  const NODE = '/sys/devices/system/node';
  const dual = namedMachine('dual-socket-smt');
  const described = topologyOf(dual);
  const readWith = (changes: Readonly<Record<string, string | null>>) =>
    readTopology(treeOf(dual, changes), dual.name);

  test('a cell list that ends in a NUL byte reads as without', () => {
    expect(readWith({ [`${NODE}/node0/cpulist`]: '0-7,16-23\n\0' })).toEqual(described);
  });

  test('a row for all possible cells keeps the distances of those that are offline', () => {
    const changes = { [`${NODE}/online`]: '1\n', [`${NODE}/node1/distance`]: '21 10\n' };
    const topology = readWith(changes);
    expect(topology.cells.map(cell => cell.distances)).toEqual([{ 0: 21, 1: 10 }]);
    expect(topology.cpus.withoutCell).toBe('0-7,16-23');
    expect(topology.looseCores).toHaveLength(8);
  });

  test.each(['21\n', '21 10 30\n', '21 x\n', '', null])('the distance row %j says nothing', row => {
    expect(readWith({ [`${NODE}/node1/distance`]: row }).cells[1]!.distances).toBeNull();
  });

  test('without its list of isolated CPUs it is unknown which are', () => {
    expect(readWith({ [`${CPU}/isolated`]: null }).cpus.isolated).toBeNull();
  });

  test('without meminfo a cell has neither memory nor page pools', () => {
    expect(readWith({ [`${NODE}/node1/meminfo`]: null }).cells[1]).toMatchObject({
      memoryMiB: null,
      pages: [],
    });
  });

  test('surplus pages are not free, they go back to the kernel', () => {
    const pool = `${NODE}/node0/hugepages/hugepages-2048kB`;
    const topology = readWith({ [`${pool}/free_hugepages`]: '100\n', [`${pool}/surplus_hugepages`]: '30\n' });
    expect(topology.cells[0]!.pages[1]!.free).toBe(70);
  });

  test('pages of 64 KiB are the base of a kernel that offers pages of 512 MiB', () => {
    const topology = readWith({ [`${NODE}/node0/hugepages/hugepages-524288kB/nr_hugepages`]: '0\n' });
    expect(topology.cells[0]!.pages.map(pool => pool.sizeKiB)).toEqual([64, 2048, 524288, 1048576]);
  });

  test('a cell whose CPUs are of several packages, or of one without number, has none', () => {
    const one = { [`${NODE}/online`]: '0\n', [`${NODE}/node0/cpulist`]: '0-31\n' };
    expect(readWith(one).cells[0]!.package).toBeNull();
    expect(readWith({ [`${CPU}/cpu0/topology/physical_package_id`]: '-1\n' }).cells[0]!.package).not.toBe(-1);
  });

  test('a cache map is trusted before the list beside it', () => {
    const lists = Array.from({ length: 32 }, (_, cpu) => [
      `${CPU}/cpu${cpu}/cache/index3/shared_cpu_list`,
      '0,4\n',
    ]);
    const changes: Record<string, string> = Object.fromEntries(lists) as Record<string, string>;
    expect(readWith(changes)).toEqual(described);
  });

  test('an efficiency core without the last-level cache is in no domain of it', () => {
    const own = `${CPU}/cpu31/cache/index3`;
    const changes = Object.fromEntries(
      [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30].map(cpu => [
        `${CPU}/cpu${cpu}/cache/index3/shared_cpu_map`,
        '7f00ff00\n',
      ]),
    );
    const topology = readWith({
      ...changes,
      [`${own}/level`]: null,
      [`${own}/shared_cpu_map`]: null,
      [`${own}/shared_cpu_list`]: null,
    });
    expect(topology.cells[1]!.caches).toEqual(['8-15,24-30']);
  });

  test('favoured cores and a machine with a silent core are of one kind', () => {
    const speeds = (of: (cpu: number) => number) =>
      Object.fromEntries(
        Array.from({ length: 32 }, (_, cpu) => [`${CPU}/cpu${cpu}/acpi_cppc/highest_perf`, `${of(cpu)}\n`]),
      );
    expect(readWith(speeds(cpu => 166 + 5 * (cpu % 16)))).toEqual(described);
    expect(readWith(speeds(cpu => (cpu % 16 < 8 ? 100 : 81))).kinds).toBeUndefined();
    expect(readWith(speeds(cpu => (cpu % 16 < 8 ? 100 : 80))).kinds).toEqual({
      performance: '0-7,16-23',
      efficiency: '8-15,24-31',
    });
    const silent = {
      ...speeds(cpu => (cpu % 16 < 8 ? 100 : 50)),
      [`${CPU}/cpu3/acpi_cppc/highest_perf`]: null,
    };
    expect(readWith(silent).kinds).toBeUndefined();
  });

  test('devices are identified by their own files where there is no uevent', () => {
    expect(readWith({ '/sys/bus/pci/devices/0000:3b:00.0/uevent': null })).toEqual(described);
  });

  test('a tree without any CPU is refused in one sentence', () => {
    const empty = () => readTopology(textTreeOf(new Map()), 'pve1');
    expect(empty).toThrow(AppError);
    expect(empty).toThrow(/^Nothing tells which CPUs pve1 has: .* --root\.$/);
  });
});

describe('how much is read', () => {
  /** Every path that a reading asks for, once per time. */
  function pathsRead(machine: Machine): readonly string[] {
    const tree = textTreeOf(renderMachine(machine));
    const paths: string[] = [];
    readTopology(
      { list: path => tree.list(path), read: path => (paths.push(path), tree.read(path)) },
      machine.name,
    );
    return paths;
  }

  test('one sibling list a core and one cache map a domain, no file twice', () => {
    const paths = pathsRead(namedMachine('epyc-384'));
    const count = (pattern: RegExp) => paths.filter(path => pattern.test(path)).length;
    expect(count(/sibling|core_cpus|core_id/)).toBe(192 + 2);
    expect(count(/core_siblings|package/)).toBe(2 + 2);
    expect(count(/shared_cpu/)).toBe(24);
    expect(count(/cache.*level/)).toBeLessThanOrEqual(24 + 4);
    expect(count(/cpuinfo/)).toBe(0);
    expect(paths).toHaveLength(new Set(paths).size);
    expect(paths.length).toBeLessThan(400);
  });

  test('a machine of one cell reads no cell but its own', () => {
    expect(pathsRead(namedMachine('laptop-1c')).filter(path => path.includes('/node'))).toHaveLength(5);
  });
});

describe('hostile files', () => {
  const machine: Machine = { ...namedMachine('snc-shared-cache'), coresPerCell: 2, coresPerCache: 4 };
  const whole = topologyOf(machine);
  const tree = textTreeOf(renderMachine(machine));
  const paths = [...renderMachine(machine).keys()];
  /** Reads the machine with these texts in place of its files'; null is a file that cannot be read. */
  const readWith = (texts: ReadonlyMap<string, string | null>) =>
    readTopology(
      {
        list: path => tree.list(path),
        read: path => (texts.has(path) ? (texts.get(path) ?? null) : tree.read(path)),
      },
      machine.name,
    );
  const MEGABYTES = 10 * 1024 * 1024;
  const poison: readonly (readonly [string, string | null])[] = [
    ['removed', null],
    ['empty', ''],
    ['binary', '\u0000\u00ff\ufffd\u0001\n'],
    ['a huge number', '99999999999999999999\n'],
    ['every CPU that can be', '0-8191\n'],
    ['more CPUs than can be', '0-65535\n'],
    ['a range without end', '0-99999999999999\n'],
    ['endless ranges', '0-65535,'.repeat(30_000)],
    ['10 MB of list', '1,'.repeat(MEGABYTES / 2)],
    ['10 MB of mask', 'ffffffff,'.repeat(MEGABYTES / 9)],
    ['a mask of all', 'ffffffff\n'],
    ['blanks', `1${' '.repeat(200_000)}x`],
    ['a negative number', '-1\n'],
  ];

  test.each(poison)(
    'one file %s: every other fact is read, and the CPUs stay those of the machine',
    (_, text) => {
      for (const path of paths) {
        const topology = readWith(new Map([[path, text]]));
        expect(topology.cells.length).toBeGreaterThan(0);
        if (/\/cpu\/(online|present)$/.test(path)) continue;
        expect(topology.cpus.online).toBe(whole.cpus.online);
        if (!path.includes('/node')) {
          expect(topology.cells.map(cell => cell.cpus)).toEqual(whole.cells.map(cell => cell.cpus));
        }
      }
    },
  );

  test('any text in any file leaves every CPU in one core of its cell', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('0', '1', '0-3', '7,0', 'ff', '10 11', '3\n'),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...paths),
        fc.constantFrom(...paths),
        text,
        text,
        (one, two, first, second) => {
          const topology = readWith(
            new Map([
              [one, first],
              [two, second],
            ]),
          );
          const cores = [...topology.cells.flatMap(cell => cell.cores), ...topology.looseCores];
          const cpus = cores.flatMap(core => [...parse(core)]).sort((a, b) => a - b);
          expect(cpus).toEqual([...parse(topology.cpus.online)]);
        },
      ),
    );
  });
});

/** The CPUs of a list that Pinfold itself wrote. */
function parse(list: string): readonly number[] {
  return list
    .split(',')
    .filter(part => part !== '')
    .flatMap(part => {
      const [first, last] = part.split('-').map(Number);
      return Array.from({ length: (last ?? first!) - first! + 1 }, (_, index) => first! + index);
    });
}
