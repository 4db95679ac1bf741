import pc from 'picocolors';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { describeMap } from '../../formats/map/describe-map.ts';
import type { MapModel } from '../../formats/map/map-model.ts';
import type { PictureSocket } from '../../formats/map/map-picture.ts';
import { wrapAnywhere } from '../../formats/map/wrap-columns.ts';
import { coreBoxes } from './core-boxes.ts';
import { type CellRun, foldCells, foldedLines } from './fold-cells.ts';
import { type Colors } from './paint.ts';
import { type CellInk, renderCell } from './render-cell.ts';
import { renderLegend } from './render-legend.ts';
import { wrapText } from './wrap-text.ts';

/** How the map is drawn. */
export interface MapStyle {
  /** Colours only underline what the characters say already. */
  readonly color: boolean;
  /** Columns that a line may have; 80 unless told. */
  readonly width?: number;
  /** Whether a line of what the machine is stands above it. */
  readonly headed?: boolean;
  /** Letters of an earlier drawing, which their guests keep. */
  readonly letters?: ReadonlyMap<string, string>;
}

/** A node with more CPUs than this has equal cores, caches and untouched cells drawn once with their number. */
const FOLD_ABOVE_CPUS = 128;
/** A box never claims more than this for the sake of alignment. */
const MOST_BOX_COLUMNS = 20;

/**
 * The node as text: each socket with its cells, each cell with its cache domains, each core with its threads as one
 * character a CPU, memory and page pools beside them, and one legend. Ends with a line end. Same model, same text.
 */
export function renderMap(model: MapModel, style: MapStyle): string {
  const picture = describeMap(model, style.letters);
  const colors = pc.createColors(style.color);
  const width = style.width ?? 80;
  const fold = parseCpuList(model.topology.cpus.online).size > FOLD_ABOVE_CPUS;
  const ink: CellInk = { colors, width, fold, boxColumns: boxColumns(picture.sockets, colors, fold) };
  const lines: string[] = [];
  if (style.headed === true) {
    const facts = wrapText(`${picture.host}: ${picture.facts.join(', ')}.`, width);
    lines.push(...facts.flatMap(line => wrapAnywhere(line, width)), '');
  }
  for (const { name, cells } of picture.sockets) {
    const runs = fold ? foldCells(cells) : cells.map(first => ({ first, alike: [] }));
    lines.push(colors.bold(name), ...runs.flatMap(run => runLines(run, ink)), '');
  }
  lines.push(...renderLegend(picture, { colors, width }));
  return `${lines.join('\n')}\n`;
}

/** A cell as it is drawn, and one line for those behind it that are no different. */
function runLines(run: CellRun, ink: CellInk): string[] {
  const drawn = renderCell(run.first, ink);
  return run.alike.length === 0 ? drawn : [...drawn, ...foldedLines(run, ink.width)];
}

/** The columns of the widest box or list of numbers, as far as aligning the boxes of all cells is worth it. */
function boxColumns(sockets: readonly PictureSocket[], colors: Colors, fold: boolean): number {
  const boxes = sockets.flatMap(({ cells }) =>
    cells.flatMap(cell => coreBoxes(cell.domains, { colors, fold, room: Number.MAX_SAFE_INTEGER })),
  );
  const widths = boxes.flatMap(({ numbers }) => numbers.map(line => line.length));
  return Math.max(0, ...widths.filter(columns => columns <= MOST_BOX_COLUMNS));
}
