import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { HostTopology } from '../domain/host-topology.ts';
import { claimOfMasks } from './claim-of-masks.ts';

const cell = (id: number, cpus: string) => ({
  id,
  package: id,
  cpus,
  memoryMiB: 4096,
  pages: [],
  distances: null,
  cores: [],
  caches: [],
});
const twoCells: HostTopology = {
  kind: 'pinfold/topology',
  version: 1,
  host: 'h',
  cpus: { present: '0-7', online: '0-7', isolated: '', withoutCell: '' },
  cells: [cell(0, '0-3'), cell(1, '4-7')],
  looseCores: [],
  devices: [],
};
const claim = (masks: string[], shared = '', memoryMiB: number | null = null) =>
  claimOfMasks(
    { vm: 'x', vcpus: masks.map(parseCpuList), emulator: CpuSet.of([0]), memoryMiB },
    twoCells,
    parseCpuList(shared),
  ).cells.map(({ hostCell, pcpus, sharedVcpus, memoryMiB: part }) => [hostCell, pcpus, sharedVcpus, part]);

describe('a guest with pins of somebody else', () => {
  test('owns the CPUs that its vCPUs are pinned to, one each', () => {
    expect(claim(['1', '2'])).toEqual([[0, '1-2', 0, 0]]);
  });

  test("owns a list that all its vCPUs share, as OpenNebula's SHARED policy writes it", () => {
    expect(claim(['2-3', '2-3'])).toEqual([[0, '2-3', 0, 0]]);
  });

  test('floats over a set with more CPUs than vCPUs, on the cell that holds most of it', () => {
    expect(claim(['3-7', '3-7'])).toEqual([[1, '', 2, 0]]);
  });

  test('that is not pinned floats, however many vCPUs it has', () => {
    expect(claim(Array.from({ length: 16 }, () => '0-7'))).toEqual([[0, '', 16, 0]]);
  });

  test("floats over the operator's shared CPUs, also with more vCPUs than those are", () => {
    expect(claim(['0-1', '0-1', '0-1'], '0-1')).toEqual([[0, '', 3, 0]]);
  });

  test('counts its memory in equal parts on the cells of its vCPUs', () => {
    expect(claim(['3', '4'], '', 1001)).toEqual([
      [0, '3', 0, 501],
      [1, '4', 0, 501],
    ]);
  });
});
