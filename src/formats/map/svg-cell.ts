import { CpuSet } from '../../domain/cpu-set.ts';
import { escapeMarkup as esc } from './escape-markup.ts';
import { guestClass } from './map-colors.ts';
import type { PictureCell, PictureCore, PictureCpu, PictureGauge, PictureSection } from './map-picture.ts';
import { cpuLabel } from './map-words.ts';
import { shortList } from './short-list.ts';
import { gib } from './size-text.ts';
import { flow, framed, placed, stack, type SvgPart, svgText } from './svg-parts.ts';
import { wrapList } from './wrap-columns.ts';

/** Side of a CPU's square. */
const SIDE = 18;
/** Between cores, between caches. */
const CORE_GAP = 4;
const CACHE_GAP = 8;
/** Room for `cell 12` and for the bars at the right. */
const NAME_WIDTH = 62;
export const GAUGES_WIDTH = 250;
const BAR = { x: 60, width: 80, height: 8 } as const;
const LINE = 20;
/** Height of a line of small text, and the width of one of its digits. */
const SMALL = 14;
const DIGIT = 6.2;

/** A cell: its name, its caches in the room that is left, its bars at the right edge. */
export function svgCell(cell: PictureCell, width: number): SvgPart {
  const room = width - NAME_WIDTH - (cell.gauges.length > 0 ? GAUGES_WIDTH : 0);
  const caches = cell.domains.map(({ sections }) =>
    framed(
      stack(
        sections.map(section => svgSection(section, room - 12)),
        6,
      ),
      { padding: 6, className: 'cache' },
    ),
  );
  const cores =
    caches.length === 0
      ? { markup: svgText(0, 16, 'no CPUs', 'soft'), width: 0, height: LINE }
      : flow(caches, room, CACHE_GAP);
  const gauges = stack(cell.gauges.map(svgGauge), 0);
  return {
    markup: `<g><title>${esc(cell.title)}</title>${svgText(0, 18, cell.name, 'name')}</g>${placed(cores, NAME_WIDTH, 0)}${placed(gauges, width - GAUGES_WIDTH + 16, 4)}`,
    width,
    height: Math.max(cores.height, gauges.height + 4, LINE),
  };
}

function svgSection({ kind, cores }: PictureSection, room: number): SvgPart {
  const squares = flow(cores.map(svgCore), room, CORE_GAP);
  const numbers = CpuSet.of(cores.flatMap(({ cpus }) => cpus.map(({ cpu }) => cpu)));
  const words = `${shortList(numbers)}${kind === null ? '' : ` ${kind} cores`}`;
  const lines = wrapList(words, Math.floor(room / DIGIT));
  const text = lines.map((line, index) =>
    svgText(0, squares.height + SMALL * (index + 1) - 1, line, 'small'),
  );
  return {
    markup: squares.markup + text.join(''),
    width: Math.max(squares.width, ...lines.map(line => Math.ceil(line.length * DIGIT))),
    height: squares.height + SMALL * lines.length,
  };
}

function svgCore({ cpus }: PictureCore): SvgPart {
  return {
    markup: cpus.map((cpu, index) => svgCpu(cpu, index * SIDE)).join(''),
    width: cpus.length * SIDE,
    height: SIDE,
  };
}

function svgCpu(cpu: PictureCpu, x: number): string {
  const classes = ['cpu', cpu.use, ...(cpu.guest === null ? [] : [guestClass(cpu.guest)])].join(' ');
  return `<g class="${classes}"><title>${esc(cpuLabel(cpu))}</title><rect x="${x}" width="${SIDE}" height="${SIDE}"/>${svgText(x + SIDE / 2, 13, cpu.sign, 'sign')}</g>`;
}

function svgGauge({ name, usedMiB, totalMiB, title }: PictureGauge): SvgPart {
  const part = totalMiB === 0 ? 0 : Math.round(((usedMiB ?? 0) / totalMiB) * BAR.width * 10) / 10;
  const bar =
    usedMiB === null
      ? ''
      : `<rect x="${BAR.x}" y="4" width="${BAR.width}" height="${BAR.height}" rx="2" class="track"/><rect x="${BAR.x}" y="4" width="${part}" height="${BAR.height}" rx="2" class="bar"/>`;
  const amount =
    usedMiB === null ? `${gib(totalMiB)} GiB, free unknown` : `${gib(usedMiB)}/${gib(totalMiB)} GiB`;
  const at = usedMiB === null ? BAR.x : BAR.x + BAR.width + 8;
  return {
    markup: `<g><title>${esc(title)}</title>${svgText(0, 12, name, 'small')}${bar}${svgText(at, 12, amount, 'small')}</g>`,
    width: GAUGES_WIDTH - 16,
    height: LINE,
  };
}
