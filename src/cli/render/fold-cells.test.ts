import { mapModelOfHost } from '../../formats/map/model-of-host.ts';
import { describeMap } from '../../formats/map/describe-map.ts';
import type { PictureCell } from '../../formats/map/map-picture.ts';
import { hostOf } from '../../machines/host-of.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { foldCells, foldedLines } from './fold-cells.ts';

/** The cells of epyc-384's first socket, all untouched: 24 cores with two threads under three caches each. */
const CELLS = describeMap(mapModelOfHost(hostOf(namedMachine('epyc-384'), {}, []))).sockets[0]!.cells;

/** The cells, this one changed. */
function changed(id: number, change: (cell: PictureCell) => PictureCell): readonly PictureCell[] {
  return CELLS.map((cell, index) => (index === id ? change(cell) : cell));
}

const namesOf = (cells: readonly PictureCell[]) =>
  foldCells(cells).map(({ first, alike }) => [first.name, ...alike.map(({ name }) => name)].join('+'));

/** The first CPU of a cell with something else. */
function withFirstCpu(cell: PictureCell, change: object): PictureCell {
  const [domain, ...domains] = cell.domains;
  const [section, ...sections] = domain!.sections;
  const [core, ...cores] = section!.cores;
  const [cpu, ...cpus] = core!.cpus;
  const first = { ...section!, cores: [{ cpus: [{ ...cpu!, ...change }, ...cpus] }, ...cores] };
  return { ...cell, domains: [{ sections: [first, ...sections] }, ...domains] };
}

describe('cells that are no different', () => {
  test('are one run where nothing runs', () => {
    expect(namesOf(CELLS)).toEqual(['cell 0+cell 1+cell 2+cell 3']);
  });

  test.each<[string, (cell: PictureCell) => PictureCell]>([
    ['a guest has a CPU of it', cell => withFirstCpu(cell, { use: 'vcpu', guest: 0, sign: 'A' })],
    ['a CPU of it is left to the host', cell => withFirstCpu(cell, { use: 'host', sign: '-' })],
    ['a core of it has another thread', cell => ({ ...cell, domains: cell.domains.slice(1) })],
    [
      'it has more memory',
      cell => ({ ...cell, gauges: cell.gauges.map(gauge => ({ ...gauge, totalMiB: gauge.totalMiB + 1 })) }),
    ],
    [
      'one page of its pool is taken',
      cell => ({
        ...cell,
        gauges: cell.gauges.map(gauge => (gauge.name === '2 MiB' ? { ...gauge, usedMiB: 2 } : gauge)),
      }),
    ],
    [
      'half of its memory is in use',
      cell => ({ ...cell, gauges: cell.gauges.map(gauge => ({ ...gauge, usedMiB: gauge.totalMiB / 2 })) }),
    ],
  ])('are apart when %s', (_, change) => {
    expect(namesOf(changed(2, change))).toEqual(['cell 0+cell 1', 'cell 2', 'cell 3']);
  });

  test('are told in a line with their CPUs', () => {
    expect(foldedLines(foldCells(CELLS)[0]!, 80)).toEqual(['  cells 1-3: as cell 0, 144 CPUs 24-95,216-287']);
  });

  test('are told with the memory in use where it differs a little', () => {
    const cells = changed(3, cell => ({
      ...cell,
      gauges: cell.gauges.map(gauge => (gauge.name === 'memory' ? { ...gauge, usedMiB: 4096 } : gauge)),
    }));
    expect(foldedLines(foldCells(cells)[0]!, 80).join(' ')).toMatch(/, memory [\d.]+-4 GiB used$/);
  });

  test('are told on more lines where a line is too short, each within it', () => {
    const lines = foldedLines(foldCells(CELLS)[0]!, 40);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.filter(line => line.length > 40)).toEqual([]);
  });
});
