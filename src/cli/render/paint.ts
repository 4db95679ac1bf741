import type pc from 'picocolors';
import type { CpuUse } from '../../formats/map/cpu-marks.ts';

/** picocolors, on or off. */
export type Colors = ReturnType<typeof pc.createColors>;

/** Colours that tell neighbours apart on dark and light grounds; guests take them in turn. */
const GUEST_COLORS = ['cyan', 'magenta', 'green', 'yellow', 'blue', 'red'] as const;

/** A text in the colour of the guest at this place of the legend. */
export function paintGuest(text: string, guest: number, colors: Colors): string {
  return colors.bold(colors[GUEST_COLORS[Math.max(0, guest) % GUEST_COLORS.length]!](text));
}

/** What a sign stands for. */
export interface Painted {
  readonly use: CpuUse;
  /** Place of the guest in the legend, where it has one. */
  readonly guest: number | null;
}

/** A CPU's character in its colour: guests in theirs, what nobody uses dimmed. */
export function paintMark(text: string, { use, guest }: Painted, colors: Colors): string {
  switch (use) {
    case 'vcpu':
    case 'iothread':
      return paintGuest(text, guest ?? 0, colors);
    case 'kept-empty':
      return colors.dim(paintGuest(text, guest ?? 0, colors));
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
