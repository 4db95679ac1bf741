import { escapeMarkup as esc } from './escape-markup.ts';
import { COLOR_PROPERTIES, DARK_GUEST_RULES, DARK_PROPERTIES, GUEST_RULES } from './map-colors.ts';
import type { MapPicture, PictureSocket } from './map-picture.ts';
import { svgCell } from './svg-cell.ts';
import { svgLegend } from './svg-legend.ts';
import { framed, placed, stack, type SvgPart, svgText } from './svg-parts.ts';
import { wrapAnywhere } from './wrap-columns.ts';

/** Width of the drawing, its margin, and the padding of a socket. */
const WIDTH = 1000;
const MARGIN = 16;
const PADDING = 12;
/** Columns of a host's name in the title's size, and the height of its lines. */
const TITLE_COLUMNS = 72;
const TITLE_LINE = 24;
const INNER = WIDTH - 2 * MARGIN - 2 * PADDING;

const STYLE = `svg{${COLOR_PROPERTIES};background:var(--paper)}
${GUEST_RULES}
@media(prefers-color-scheme:dark){svg{${DARK_PROPERTIES}}${DARK_GUEST_RULES}}
.paper{fill:var(--paper)}.socket{fill:var(--panel);stroke:var(--line)}.cache{fill:var(--paper);stroke:var(--line)}
text{font:13px system-ui,sans-serif;fill:var(--ink);unicode-bidi:isolate}
.title{font-size:20px;font-weight:700}.name{font-weight:600}.soft{fill:var(--soft)}.small{font-size:11px;fill:var(--soft)}
.sign{font:600 12px ui-monospace,monospace;text-anchor:middle}
.track{fill:var(--track)}.bar{fill:var(--bar)}
.cpu rect{fill:var(--free);stroke:var(--free-line)}.cpu text{fill:var(--soft)}
.vcpu rect,.iothread rect{fill:var(--own);stroke:var(--own-line)}.vcpu text,.iothread text,.kept-empty text{fill:var(--ink)}
.kept-empty rect{fill:var(--own);fill-opacity:.35;stroke:var(--own-line);stroke-dasharray:3 2}
.shared rect{fill:var(--shared)}.shared text{fill:var(--ink)}
.host rect{fill:var(--host);stroke:var(--host)}.host text{fill:var(--host-ink)}
.pool rect{fill:var(--pool);stroke:var(--pool)}.pool text{fill:var(--pool-ink)}
.contended rect{fill:var(--bad);stroke:var(--bad)}.contended text{fill:var(--bad-ink)}`;

/**
 * The map as one SVG file, light or dark as the reader's system is; pointing at a part tells what it is. All texts
 * are escaped; `note` says when or of what it was drawn. Same picture, same bytes.
 */
export function mapSvg(picture: MapPicture, note = ''): string {
  const { markup, height } = stack(
    [heading(picture, note), ...picture.sockets.map(socketPart), svgLegend(picture, WIDTH - 2 * MARGIN)],
    14,
  );
  const total = Math.ceil(height + 2 * MARGIN);
  const guests = picture.guests.map(
    ({ letter, name, words }) => `${letter} is ${name}: ${words.join(', ')}.`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${total}" width="${WIDTH}" height="${total}" role="img" aria-labelledby="title description">
<title id="title">${esc(`CPUs and memory of ${picture.host}`)}</title>
<desc id="description">${esc(`${picture.facts.join(', ')}. ${guests.join(' ')}`)}</desc>
<style>${STYLE}</style>
<rect width="${WIDTH}" height="${total}" class="paper"/>
${placed({ markup, width: WIDTH, height }, MARGIN, MARGIN)}
</svg>
`;
}

function heading({ host, facts }: MapPicture, note: string): SvgPart {
  const names = wrapAnywhere(host, TITLE_COLUMNS).map((line, index) =>
    svgText(0, 20 + index * TITLE_LINE, line, 'title'),
  );
  const top = 18 + names.length * TITLE_LINE;
  const lines = [facts.join(' · '), ...(note === '' ? [] : [note])];
  const text = lines.map((line, index) => svgText(0, top + index * 18, line, 'soft'));
  return {
    markup: [...names, ...text].join(''),
    width: WIDTH - 2 * MARGIN,
    height: top - 12 + lines.length * 18,
  };
}

function socketPart({ name, cells }: PictureSocket): SvgPart {
  const title: SvgPart = { markup: svgText(0, 13, name, 'name'), width: INNER, height: 18 };
  return framed(stack([title, ...cells.map(cell => svgCell(cell, INNER))], 10), {
    padding: PADDING,
    className: 'socket',
  });
}
