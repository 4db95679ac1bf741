import pc from 'picocolors';

import { CpuSet } from '../../domain/cpu-set.ts';
import type { Cell } from '../../domain/host-topology.ts';
import { cpuMarks } from './cpu-marks.ts';
import { domainsOf, renderCell, type CellInk } from './render-cell.ts';
import { renderLegend } from './render-legend.ts';
import type { MapModel } from './map-model.ts';
import { lettersFor, signOf } from './map-labels.ts';
import { paintMark } from './paint.ts';

/** How the map is drawn. */
export interface MapStyle {
  /** Colours only underline what the characters say already. */
  readonly color: boolean;
  /** Columns that a line may have; 80 unless told. */
  readonly width?: number;
}

/**
 * The node as text: each socket with its cells, each cell with its cache domains, each core with its threads as one
 * character a CPU, memory and page pools beside them, and one legend. Ends with a line end. Same model, same text.
 */
export function renderMap(model: MapModel, style: MapStyle): string {
  const marks = cpuMarks(model);
  const names = model.guests.map(({ name }) => name);
  const letters = lettersFor(names);
  const colors = pc.createColors(style.color);
  const ink: CellInk = {
    sign: cpu => {
      const mark = marks.get(cpu) ?? { use: 'offline' };
      return paintMark(signOf(mark, letters), mark, { colors, names });
    },
    colors,
    width: style.width ?? 80,
    numberColumns: numberColumns(model.topology.cells),
  };
  const lines: string[] = [];
  for (const [socket, cells] of sockets(model.topology.cells)) {
    lines.push(colors.bold(socket === null ? 'no socket known' : `socket ${socket}`));
    for (const cell of cells) lines.push(...renderCell(cell, ink));
    lines.push('');
  }
  if (model.topology.looseCores.length > 0)
    lines.push(colors.bold('CPUs without a cell'), ...renderCell(looseCell(model), ink), '');
  lines.push(...renderLegend(model, { marks, letters, colors, names, width: ink.width }));
  return `${lines.join('\n')}\n`;
}

/** The cells by package, both in ascending order; cells of no package last. */
function sockets(cells: readonly Cell[]): Map<number | null, Cell[]> {
  const groups = new Map<number | null, Cell[]>();
  const rank = (cell: Cell) => cell.package ?? Number.MAX_SAFE_INTEGER;
  for (const cell of [...cells].sort((a, b) => rank(a) - rank(b) || a.id - b.id)) {
    groups.set(cell.package, [...(groups.get(cell.package) ?? []), cell]);
  }
  return groups;
}

function numberColumns(cells: readonly Cell[]): number {
  const domains = cells.flatMap(domainsOf);
  return Math.max(0, ...domains.map(cores => CpuSet.union(cores).toString().length));
}

/** The CPUs without a cell, drawn like one. */
function looseCell({ topology }: MapModel): Cell {
  return {
    id: -1,
    package: null,
    cpus: topology.cpus.withoutCell,
    memoryMiB: null,
    pages: [],
    distances: null,
    cores: topology.looseCores,
    caches: [],
  };
}
