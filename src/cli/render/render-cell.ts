import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Cell, PagePool } from '../../domain/host-topology.ts';
import { bar, gib, pageText } from './bars.ts';
import type { Colors } from './paint.ts';

/** What a cell is drawn with. */
export interface CellInk {
  /** The character of a CPU, painted. */
  readonly sign: (cpu: number) => string;
  readonly colors: Colors;
  readonly width: number;
  /** Columns of the longest list of one cache domain's CPUs, so that all domains align. */
  readonly numberColumns: number;
}

/** Text with the columns that it takes, which colours do not change. */
interface Drawn {
  readonly text: string;
  readonly columns: number;
}

const INDENT = '  ';
/** Columns of `cell 12 ` before the cores. */
const NAME_COLUMNS = 8;
/** Blanks between cores and bars. */
const GAP = 3;

/**
 * The lines of one cell: its cores in cache domains between bars, the numbers of each domain's CPUs below, and at
 * the right, or below where that is too wide, memory and page pools.
 */
export function renderCell(cell: Cell, ink: CellInk): string[] {
  const room = ink.width - INDENT.length - NAME_COLUMNS;
  const gauges = gaugesOf(cell);
  const gaugeColumns = Math.max(0, ...gauges.map(line => line.length));
  const cores = coreLines(cell, ink, room - (gaugeColumns === 0 ? 0 : gaugeColumns + GAP));
  const wide = cores ?? coreLines(cell, ink, room) ?? [];
  const name = cell.id < 0 ? '' : `cell ${cell.id}`;
  const height = cores === null ? wide.length : Math.max(wide.length, gauges.length);
  const coreColumns = Math.max(0, ...wide.map(({ columns }) => columns));
  const lines = Array.from({ length: height }, (_, row) => {
    const head = (row === 0 ? name : '').padEnd(NAME_COLUMNS);
    const left = wide[row] ?? { text: '', columns: 0 };
    const right = cores === null ? '' : (gauges[row] ?? '');
    const blanks = right === '' ? '' : ' '.repeat(coreColumns - left.columns + GAP);
    return `${INDENT}${head}${left.text}${blanks}${right}`.trimEnd();
  });
  const below = cores === null ? gauges.map(line => `${INDENT}${' '.repeat(NAME_COLUMNS)}${line}`) : [];
  return [...lines, ...below];
}

/** The cores, and a line of CPU numbers under each line of them; null when one domain alone is too wide. */
function coreLines(cell: Cell, ink: CellInk, room: number): Drawn[] | null {
  const domains = domainsOf(cell);
  if (domains.length === 0) return [{ text: ink.colors.dim('no CPUs'), columns: 7 }];
  const drawn = domains.map(cores => drawDomain(cores, ink));
  const columns = drawn.map(({ signs }) => Math.max(signs.columns, ink.numberColumns));
  const rows = pack(columns, room);
  if (rows === null) return null;
  return rows.flatMap(row => {
    const signs = row.map(index => pad(drawn[index]!.signs, columns[index]!));
    const numbers = row.map(index => drawn[index]!.numbers.padEnd(columns[index]!));
    const width = signs.reduce((sum, part) => sum + part.columns + 3, 1);
    return [
      { text: `│ ${signs.map(({ text }) => text).join(' │ ')} │`, columns: width },
      numbersLine(numbers, width, ink),
    ];
  });
}

/** The numbers below the cores; blanks at the end are left out of the colour, so that they can be trimmed. */
function numbersLine(numbers: readonly string[], columns: number, ink: CellInk): Drawn {
  const text = `  ${numbers.join('   ')}`.trimEnd();
  return { text: `${ink.colors.dim(text)}${' '.repeat(columns - text.length)}`, columns };
}

/** The cell's cores by last-level cache; all in one where the kernel tells of no caches. */
export function domainsOf(cell: Cell): CpuSet[][] {
  const cores = cell.cores.map(parseCpuList);
  const caches = cell.caches.map(parseCpuList);
  const inNone = cores.filter(core => !caches.some(cache => cache.intersects(core)));
  return [...caches.map(cache => cores.filter(core => core.intersects(cache))), inNone].filter(
    domain => domain.length > 0,
  );
}

/** `AA BB ··`: cores with several threads apart, others side by side. */
function drawDomain(cores: readonly CpuSet[], ink: CellInk): { signs: Drawn; numbers: string } {
  const between = cores.some(core => core.size > 1) ? ' ' : '';
  const cpus = CpuSet.union(cores);
  return {
    signs: {
      text: cores.map(core => [...core].map(ink.sign).join('')).join(between),
      columns: cpus.size + between.length * (cores.length - 1),
    },
    numbers: cpus.toString(),
  };
}

/** Puts the domains on as few lines as hold them; null when one does not fit. */
function pack(columns: readonly number[], room: number): number[][] | null {
  const rows: number[][] = [];
  let used = room + 1;
  for (const [index, width] of columns.entries()) {
    if (width + 4 > room) return null;
    if (used + width + 3 > room) {
      rows.push([]);
      used = 1;
    }
    rows.at(-1)!.push(index);
    used += width + 3;
  }
  return rows;
}

function pad({ text, columns }: Drawn, width: number): Drawn {
  return { text: `${text}${' '.repeat(width - columns)}`, columns: width };
}

/** One line for the memory, and one for each pool of larger pages that has any. */
function gaugesOf(cell: Cell): string[] {
  const [base, ...pools] = cell.pages;
  return [
    ...(base === undefined ? memoryAlone(cell) : [gauge('memory', base)]),
    ...pools.filter(({ total }) => total > 0).map(pool => gauge(pageText(pool.sizeKiB), pool)),
  ];
}

function memoryAlone({ memoryMiB }: Cell): string[] {
  return memoryMiB === null ? [] : [`memory ${gib(memoryMiB)} GiB`];
}

/** `memory █████░░░░░ 12.5/64 GiB`: what is used of what there is. */
function gauge(name: string, { sizeKiB, total, free }: PagePool): string {
  const mib = (pages: number) => (pages * sizeKiB) / 1024;
  if (free == null) return `${name.padEnd(6)} ${gib(mib(total))} GiB, free unknown`;
  return `${name.padEnd(6)} ${bar(total - free, total)} ${gib(mib(total - free))}/${gib(mib(total))} GiB`;
}
