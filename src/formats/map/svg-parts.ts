import { escapeMarkup as esc } from './escape-markup.ts';

/** A drawn part of an SVG, its left upper corner at 0,0; sizes in user units. */
export interface SvgPart {
  readonly markup: string;
  readonly width: number;
  readonly height: number;
}

/** A line of text with its baseline at `y`. */
export function svgText(x: number, y: number, text: string, className: string): string {
  return `<text x="${x}" y="${y}" class="${className}">${esc(text)}</text>`;
}

/** A part at a place. */
export function placed(part: SvgPart, x: number, y: number): string {
  return `<g transform="translate(${x} ${y})">${part.markup}</g>`;
}

/** Parts side by side, in as many rows as the room asks for, `gap` apart. One wider than the room has its own row. */
export function flow(parts: readonly SvgPart[], room: number, gap: number): SvgPart {
  const out: string[] = [];
  let [x, y, rowHeight, width] = [0, 0, 0, 0];
  for (const part of parts) {
    if (x > 0 && x + part.width > room) {
      y += rowHeight + gap;
      x = 0;
      rowHeight = 0;
    }
    out.push(placed(part, x, y));
    x += part.width + gap;
    rowHeight = Math.max(rowHeight, part.height);
    width = Math.max(width, x - gap);
  }
  return { markup: out.join(''), width, height: y + rowHeight };
}

/** Parts one below the other, `gap` apart. */
export function stack(parts: readonly SvgPart[], gap: number): SvgPart {
  const out: string[] = [];
  let [y, width] = [0, 0];
  for (const part of parts) {
    out.push(placed(part, 0, y));
    y += part.height + gap;
    width = Math.max(width, part.width);
  }
  return { markup: out.join(''), width, height: Math.max(0, y - gap) };
}

/** A part with a frame around it. */
export function framed(
  part: SvgPart,
  frame: { readonly padding: number; readonly className: string },
): SvgPart {
  const { padding, className } = frame;
  const [width, height] = [part.width + 2 * padding, part.height + 2 * padding];
  return {
    markup: `<rect width="${width}" height="${height}" rx="6" class="${className}"/>${placed(part, padding, padding)}`,
    width,
    height,
  };
}
