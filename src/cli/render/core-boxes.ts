import { CpuSet } from '../../domain/cpu-set.ts';
import type { PictureCore, PictureDomain, PictureSection } from '../../formats/map/map-picture.ts';
import { shortList } from '../../formats/map/short-list.ts';
import { wrapList } from '../../formats/map/wrap-columns.ts';
import { type Colors, paintMark } from './paint.ts';

/** A group of cores as it is drawn between two bars. */
export interface CoreBox {
  readonly text: string;
  /** Columns of the text, which colours do not change. */
  readonly columns: number;
  /** The numbers of its CPUs, on as many lines as they need. */
  readonly numbers: readonly string[];
  /** Whether it goes on from the box before it: the same cache, another kind of cores or another line. */
  readonly goesOn: boolean;
}

/** How boxes are drawn. */
export interface BoxStyle {
  readonly colors: Colors;
  /** Columns that a box may have at most. */
  readonly room: number;
  /** Whether equal neighbours are drawn once with their number. */
  readonly fold: boolean;
}

/** Equal cores in a row that are worth folding: `··×3` is as long as `·· ·`. */
const LEAST_FOLDED = 3;
/** Between cores. */
const GAP = 1;

/**
 * The boxes of a cell: one for each cache domain and kind of cores. Where `fold` is set, equal cores of a box become
 * `··×8` and equal domains in a row become `12 caches of ··×8`. A box that is wider than the room is cut between cores.
 */
export function coreBoxes(domains: readonly PictureDomain[], style: BoxStyle): CoreBox[] {
  const boxes: CoreBox[] = [];
  for (let index = 0; index < domains.length; ) {
    const domain = domains[index]!;
    const alike = style.fold ? equalFrom(domains, index) : 1;
    if (alike > 1 && domain.sections.length === 1)
      boxes.push(...cut(domain.sections[0]!, domains.slice(index, index + alike), { goesOn: false, style }));
    else
      for (const [part, section] of domain.sections.entries())
        boxes.push(...cut(section, [domain], { goesOn: part > 0, style }));
    index += alike > 1 && domain.sections.length === 1 ? alike : 1;
  }
  return boxes;
}

function equalFrom(domains: readonly PictureDomain[], start: number): number {
  const key = (domain: PictureDomain | undefined) =>
    domain?.sections.map(({ cores }) => cores.map(keyOf).join(' ')).join('|');
  let end = start + 1;
  while (end < domains.length && key(domains[end]) === key(domains[start])) end += 1;
  return end - start;
}

function keyOf({ cpus }: PictureCore): string {
  return cpus.map(({ sign, use, guest }) => `${sign}${use}${guest ?? ''}`).join('');
}

interface Piece {
  readonly cores: readonly PictureCore[];
  readonly text: string;
  readonly columns: number;
}

/** One section, which stands for the same of all `alike` domains, in as many boxes as the room asks for. */
function cut(
  section: PictureSection,
  alike: readonly PictureDomain[],
  { goesOn, style }: { readonly goesOn: boolean; readonly style: BoxStyle },
): CoreBox[] {
  const head = alike.length > 1 ? `${alike.length} caches of ` : '';
  const between = style.fold || section.cores.some(({ cpus }) => cpus.length > 1) ? GAP : 0;
  const rows: Piece[][] = [[]];
  let used = head.length;
  for (const piece of piecesOf(section.cores, style)) {
    const row = rows.at(-1)!;
    if (row.length > 0 && used + between + piece.columns > style.room) {
      rows.push([piece]);
      used = piece.columns;
    } else {
      used += (row.length > 0 ? between : 0) + piece.columns;
      row.push(piece);
    }
  }
  return rows.map((row, index) => {
    const first = index === 0 ? head : '';
    const own = CpuSet.of(
      row.flatMap(({ cores }) => cores.flatMap(({ cpus }) => cpus.map(({ cpu }) => cpu))),
    );
    const cpus = alike.length > 1 && index === 0 ? allCpus(alike) : own;
    const kind = index === 0 && section.kind !== null ? ` ${section.kind}` : '';
    const columns = row.reduce((sum, piece) => sum + piece.columns + between, first.length - between);
    return {
      text: `${first}${row.map(({ text }) => text).join(' '.repeat(between))}`,
      columns,
      numbers: wrapList(`${shortList(cpus)}${kind}`, style.room),
      goesOn: goesOn || index > 0,
    };
  });
}

function allCpus(domains: readonly PictureDomain[]): CpuSet {
  return CpuSet.of(
    domains.flatMap(({ sections }) =>
      sections.flatMap(({ cores }) => cores.flatMap(({ cpus }) => cpus.map(({ cpu }) => cpu))),
    ),
  );
}

/** A core each, or equal ones in a row as one. */
function piecesOf(cores: readonly PictureCore[], { colors, fold }: BoxStyle): Piece[] {
  const pieces: Piece[] = [];
  for (let index = 0; index < cores.length; ) {
    let end = index + 1;
    while (fold && end < cores.length && keyOf(cores[end]!) === keyOf(cores[index]!)) end += 1;
    const count = end - index >= LEAST_FOLDED ? end - index : 1;
    const { cpus } = cores[index]!;
    const times = count > 1 ? `×${count}` : '';
    pieces.push({
      cores: cores.slice(index, index + count),
      text: cpus.map(cpu => paintMark(cpu.sign, cpu, colors)).join('') + times,
      columns: cpus.length + times.length,
    });
    index += count;
  }
  return pieces;
}
