import { CpuSet } from '../domain/cpu-set.ts';
import { hostOf } from './host-of.ts';
import { kernelMask } from './kernel-text.ts';
import { layOut } from './machine-layout.ts';
import { namedMachine, NAMED_MACHINES, type MachineName } from './named-machines.ts';
import { renderMachine } from './render-machine.ts';
import { topologyOf } from './topology-of.ts';

const names = Object.keys(NAMED_MACHINES) as MachineName[];
const CPU = '/sys/devices/system/cpu';

describe('a generated machine', () => {
  test.each([
    ['split siblings stand as far apart as there are cores', {}, ['0,4', '1,5', '2,6', '3,7']],
    ['adjacent siblings follow each other', { siblings: 'adjacent' }, ['0-1', '2-3', '4-5', '6-7']],
    ['interleaved cells get every other core', { numbering: 'interleaved' }, ['0,4', '2,6', '1,5', '3,7']],
  ] as const)('%s', (_, numbering, cores) => {
    const machine = {
      name: 'small',
      sockets: 2,
      cellsPerSocket: 1,
      coresPerCell: 2,
      threadsPerCore: 2,
      memoryMiBPerCell: 64,
      ...numbering,
    };
    expect(topologyOf(machine).cells.flatMap(cell => cell.cores)).toEqual(cores);
  });

  test('epyc-nps4 and epyc-384 are the shapes that their names promise', () => {
    const [nps4, large] = [topologyOf(namedMachine('epyc-nps4')), topologyOf(namedMachine('epyc-384'))];
    expect(nps4.cpus.online).toBe('0-127');
    expect(nps4.cells).toHaveLength(8);
    expect(nps4.cells[5]).toMatchObject({
      package: 1,
      cpus: '40-47,104-111',
      caches: ['40-43,104-107', '44-47,108-111'],
      distances: { 0: 32, 3: 32, 4: 12, 5: 10 },
    });
    expect(large.cpus.online).toBe('0-383');
    expect(large.cells.map(cell => cell.caches.length)).toEqual([3, 3, 3, 3, 3, 3, 3, 3]);
  });

  test('offline-cpus loses a core and a sibling', () => {
    const { cells, cpus } = topologyOf(namedMachine('offline-cpus'));
    expect(cpus).toMatchObject({ present: '0-15', online: '0-2,4-10,12,14-15' });
    expect(cells.map(cell => cell.cores)).toEqual([
      ['0,8', '1,9', '2,10'],
      ['4,12', '5', '6,14', '7,15'],
    ]);
  });

  test('memory-only-cell has memory of its own behind a longer way', () => {
    expect(topologyOf(namedMachine('memory-only-cell')).cells[2]).toMatchObject({
      id: 4,
      package: null,
      cpus: '',
      cores: [],
      caches: [],
      distances: { 0: 28, 1: 21, 4: 10 },
    });
  });

  test.each([
    ['offline CPUs that do not exist', { oddities: { offlineCpus: '99' } }, /offline CPUs 99 do not exist/],
    ['several cells without node folder', { oddities: { noNodeFolder: true } }, /only a machine of one cell/],
    [
      'more huge pages than memory',
      { pools: [{ sizeKiB: 1048576, total: 999 }] },
      /page pools and the host take more/,
    ],
  ])('with %s is refused', (_, change, message) => {
    expect(() => layOut({ ...namedMachine('dual-socket-smt'), ...change })).toThrow(message);
  });

  test('becomes a host with its policy and claims', () => {
    const host = hostOf(namedMachine('laptop-1c'), { strategy: 'pack' });
    expect(host).toMatchObject({ kind: 'pinfold/host', policy: { strategy: 'pack' }, claims: [] });
    expect(host.topology).toEqual(topologyOf(namedMachine('laptop-1c')));
  });
});

describe('the files of a generated machine', () => {
  test.each(names)('%s: what every single CPU says agrees with the topology', name => {
    const files = renderMachine(namedMachine(name));
    const { cells, cpus } = topologyOf(namedMachine(name));
    const online = [...files.keys()].flatMap(path => {
      const cpu = /cpu\/cpu(\d+)\/topology\/core_id$/.exec(path)?.[1];
      return cpu === undefined ? [] : [Number(cpu)];
    });
    expect(CpuSet.of(online).toString()).toBe(cpus.online);
    const siblings = online.map(cpu => files.get(`${CPU}/cpu${cpu}/topology/core_cpus_list`)!.trim());
    expect([...new Set(siblings)].sort()).toEqual(cells.flatMap(cell => cell.cores).sort());
    const domains = online.map(cpu => files.get(`${CPU}/cpu${cpu}/cache/index3/shared_cpu_list`)!.trim());
    expect(new Set(domains)).toEqual(new Set(cells.flatMap(cell => cell.caches)));
    const ids = cells.map(cell => files.get(`/sys/devices/system/node/node${cell.id}/cpulist`)!.trim());
    expect(ids).toEqual(cells.map(cell => cell.cpus));
  });

  test('end in a line end and are absolute, as the kernel has them', () => {
    for (const [path, text] of renderMachine(namedMachine('dual-socket-smt'))) {
      expect(path).toMatch(/^\/(sys|proc)\/[\w./:-]+$/);
      expect(text).toMatch(/\n$/);
    }
  });

  test.each([
    ['0-7', '000000ff'],
    ['32', '00000001,00000000'],
    ['', '0'],
  ])('the mask of "%s" is %s', (list, mask) => {
    const cpus = list === '' ? [] : list === '32' ? [32] : [0, 1, 2, 3, 4, 5, 6, 7];
    expect(kernelMask(CpuSet.of(cpus))).toBe(mask);
  });

  test('meminfo of the node is the sum of its cells', () => {
    const files = renderMachine(namedMachine('asymmetric-cells'));
    const total = (text: string) => Number(/MemTotal: +(\d+) kB/.exec(text)![1]);
    const cells = [0, 1].map(id => total(files.get(`/sys/devices/system/node/node${id}/meminfo`)!));
    expect(total(files.get('/proc/meminfo')!)).toBe(cells[0]! + cells[1]!);
    expect(cells[1]).toBe(16 * 1024 * 1024);
  });
});
