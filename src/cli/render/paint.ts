import type pc from 'picocolors';

import type { CpuMark } from './cpu-marks.ts';

/** picocolors, on or off. */
export type Colors = ReturnType<typeof pc.createColors>;

/** Colours that tell neighbours apart on dark and light grounds; guests take them in turn. */
const GUEST_COLORS = ['cyan', 'magenta', 'green', 'yellow', 'blue', 'red'] as const;

/** The colour of a guest. */
export function paintGuest(text: string, guest: string, palette: Palette): string {
  const index = Math.max(0, palette.names.indexOf(guest));
  return palette.colors.bold(palette.colors[GUEST_COLORS[index % GUEST_COLORS.length]!](text));
}

/** Colours, and the guests in the order of the legend. */
export interface Palette {
  readonly colors: Colors;
  readonly names: readonly string[];
}

/** A CPU's character in its colour: guests in theirs, what nobody uses dimmed. */
export function paintMark(text: string, mark: CpuMark, palette: Palette): string {
  const { colors } = palette;
  switch (mark.use) {
    case 'vcpu':
      return paintGuest(text, mark.guest, palette);
    case 'kept-empty':
      return colors.dim(paintGuest(text, mark.guest, palette));
    case 'pool':
      return colors.bold(text);
    case 'contended':
      return colors.bgRed(text);
    case 'shared':
      return text;
    case 'host':
    case 'free':
    case 'offline':
      return colors.dim(text);
  }
}
