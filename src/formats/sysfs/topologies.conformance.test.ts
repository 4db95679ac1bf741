import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { localFiles } from '../../adapters/local/local-files.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { HostTopology } from '../../domain/host-topology.ts';
import { textTreeOf } from '../text-tree.ts';
import { readTopology } from './read-topology.ts';

/** What the independent reader says of a captured machine. */
interface Expected {
  readonly name: string;
  readonly cpus: {
    readonly online: string;
    readonly present: string | null;
    readonly isolated: string | null;
  };
  readonly node_ids: readonly number[];
  readonly cells: readonly {
    readonly id: number;
    readonly cpus: string;
    readonly memory_kb: number | null;
    readonly hugepages: readonly {
      readonly size_kb: number;
      readonly total: number;
      readonly free?: number;
    }[];
    readonly distances: readonly number[] | null;
    readonly hwloc_local_cpus: string;
  }[];
  readonly packages: readonly string[];
  readonly l3: readonly string[];
  readonly cores: readonly string[];
  readonly cpukinds: readonly { readonly cpus: string }[];
  readonly pci: readonly {
    readonly bdf: string;
    readonly class: string;
    readonly vendor: string;
    readonly device: string;
    readonly numa_node: number;
  }[];
}

const shared = join(process.env['PINFOLD_SHARED'] ?? join(process.cwd(), '../shared'), 'topologies');
const names = readdirSync(shared)
  .filter(file => file.endsWith('.json'))
  .map(file => file.slice(0, -'.json'.length));
const unpacked = mkdtempSync(join(tmpdir(), 'pinfold-topologies-'));

/** The 2-CPU machine's page pools are told of a folder that the trimmed tree does not have. */
const POOLS_TRIMMED = '2i386-2t-hugepagesizecount';

function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(shared, `${name}.json`), 'utf8')) as Expected;
}

/** Unpacks a capture once and gives the folder that stands for `/`. */
function rootOf(name: string): string {
  const root = join(unpacked, name);
  if (!existsSync(root)) execFileSync('tar', ['-xzf', join(shared, `${name}.tar.gz`), '-C', unpacked]);
  return root;
}

const sorted = (lists: Iterable<string>) => [...new Set(lists)].sort();
const within = (list: string, online: CpuSet) => parseCpuList(list).intersect(online).toString();
const allCores = (topology: HostTopology) => [
  ...topology.cells.flatMap(cell => cell.cores),
  ...topology.looseCores,
];

afterAll(() => {
  rmSync(unpacked, { recursive: true });
});

test('all 18 captured machines are here', () => {
  expect(names).toHaveLength(18);
});

describe.each(names)('%s', name => {
  const expected = expectedOf(name);
  const topology = readTopology(localFiles(rootOf(name)), name);
  const online = parseCpuList(expected.cpus.online);

  test('has the CPUs', () => {
    expect(topology.cpus.online).toBe(expected.cpus.online);
    // Without a list, those with a folder are present: on the machines that lack it, the online ones.
    expect(topology.cpus.present).toBe(expected.cpus.present ?? expected.cpus.online);
    expect(topology.cpus.isolated).toBe(expected.cpus.isolated);
  });

  test('has the cells with their online CPUs', () => {
    expect(topology.cells.map(({ id, cpus }) => ({ id, cpus }))).toEqual(
      expected.cells.map(({ id, cpus }) => ({ id, cpus: within(cpus, online) })),
    );
    const inCells = CpuSet.union(expected.cells.map(cell => parseCpuList(cell.cpus)));
    expect(topology.cpus.withoutCell).toBe(online.minus(inCells).toString());
  });

  test('has the memory and the page pools', () => {
    expect(topology.cells.map(cell => cell.memoryMiB)).toEqual(
      expected.cells.map(({ memory_kb: kib }) => (kib === null ? null : Math.floor(kib / 1024))),
    );
    const pools = topology.cells.map(cell => cell.pages.slice(1));
    if (name === POOLS_TRIMMED) {
      expect(existsSync(join(rootOf(name), 'sys/kernel'))).toBe(false);
      expect(pools).toEqual([[]]);
      return;
    }
    expect(pools).toEqual(
      expected.cells.map(cell =>
        [...cell.hugepages]
          .sort((a, b) => a.size_kb - b.size_kb)
          .map(({ size_kb: sizeKiB, total, free = null }) => ({ sizeKiB, total, free, reserved: 0 })),
      ),
    );
    for (const { memoryMiB, pages } of topology.cells) {
      if (memoryMiB === null) expect(pages).toEqual([]);
      else expect(pages[0]).toMatchObject({ sizeKiB: 4, reserved: 0 });
    }
  });

  test('has the distances', () => {
    expect(topology.cells.map(cell => cell.distances && Object.values(cell.distances))).toEqual(
      expected.cells.map(cell => cell.distances),
    );
    for (const { id, distances } of topology.cells) {
      if (distances !== null) expect(distances[`${id}`]).toBe(10);
    }
  });

  test('has the cores, each in its cell', () => {
    expect(sorted(allCores(topology))).toEqual(sorted(expected.cores.map(core => within(core, online))));
    for (const cell of topology.cells) {
      expect(CpuSet.union(cell.cores.map(parseCpuList)).toString()).toBe(cell.cpus);
    }
  });

  test('has the last-level caches, whole, in every cell that they touch', () => {
    const domains = expected.l3.map(cache => within(cache, online)).filter(cache => cache !== '');
    for (const cell of topology.cells) {
      const cpus = parseCpuList(cell.cpus);
      expect(sorted(cell.caches)).toEqual(
        sorted(domains.filter(domain => parseCpuList(domain).intersects(cpus))),
      );
    }
  });

  test('has a package for every cell that lies in one', () => {
    const packages = expected.packages.map(parseCpuList);
    for (const cell of topology.cells) {
      const cpus = parseCpuList(cell.cpus);
      const lies = !cpus.isEmpty && packages.some(whole => cpus.isSubsetOf(whole));
      expect(cell.package === null).toBe(!lies);
      const mates = topology.cells.filter(other => other.package !== null && other.package === cell.package);
      const together = CpuSet.union(mates.map(mate => parseCpuList(mate.cpus)));
      if (lies) expect(packages.some(whole => together.isSubsetOf(whole))).toBe(true);
    }
  });

  test('has the kinds of CPUs', () => {
    const kinds = expected.cpukinds.length > 1 ? sorted(expected.cpukinds.map(kind => kind.cpus)) : [];
    expect(topology.kinds === undefined ? [] : sorted(Object.values(topology.kinds))).toEqual(kinds);
  });

  test('has the PCI devices with their cells', () => {
    const devices = expected.pci.map(({ bdf, class: kind, vendor, device, numa_node: cell }) => ({
      address: bdf,
      cell: cell < 0 ? null : cell,
      vendor: vendor.slice(2),
      product: device.slice(2),
      class: kind.slice(2),
    }));
    expect(topology.devices).toEqual(devices.sort((a, b) => (a.address < b.address ? -1 : 1)));
  });
});

test('the hybrid machine is faster on CPUs 0 to 11', () => {
  const hybrid = names.find(name => name.includes('hybrid'))!;
  expect(readTopology(localFiles(rootOf(hybrid)), hybrid).kinds).toEqual({
    performance: '0-11',
    efficiency: '12-19',
  });
});

describe.each(names)('%s with one file damaged', name => {
  const tree = textTreeOf(filesOf(rootOf(name)));

  /** One file reads as `text` (null: cannot be read); every CPU must still be in exactly one core. */
  function readDamaged(damaged: string, text: string | null): HostTopology {
    const topology = readTopology(
      { list: path => tree.list(path), read: path => (path === damaged ? text : tree.read(path)) },
      name,
    );
    const cores = allCores(topology).map(parseCpuList);
    expect(CpuSet.union(cores).toString()).toBe(topology.cpus.online);
    expect(cores.reduce((sum, core) => sum + core.size, 0)).toBe(parseCpuList(topology.cpus.online).size);
    return topology;
  }

  /** The files that the reader asks for: damage elsewhere cannot matter. */
  const asked = new Set<string>();
  const whole = readTopology(
    { list: path => tree.list(path), read: path => (asked.add(path), tree.read(path)) },
    name,
  );
  const paths = [...asked].filter(path => tree.read(path) !== null);

  test('answers whatever file is removed or emptied', () => {
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.constantFrom(null, ''), (path, text) => {
        const topology = readDamaged(path, text);
        expect(topology.cells.map(cell => cell.id)).toEqual(whole.cells.map(cell => cell.id));
        expect(topology.cpus.online).toBe(whole.cpus.online);
      }),
      { numRuns: 60 },
    );
  });

  test('answers whatever a file is filled with', () => {
    const garbage = fc.oneof(
      fc.string(),
      fc.constantFrom('0', '1', '0-3', '4,2', 'ff', '10 10', '0-65535', '-1'),
    );
    fc.assert(
      fc.property(fc.constantFrom(...paths), garbage, (path, text) => {
        readDamaged(path, text);
      }),
      { numRuns: 60 },
    );
  });
});

function filesOf(root: string, folder = ''): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(root + folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) for (const [inner, text] of filesOf(root, path)) files.set(inner, text);
    else if (entry.isFile()) files.set(path, readFileSync(root + path, 'utf8'));
  }
  return files;
}
