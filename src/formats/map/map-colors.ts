/**
 * Colours of a drawing, as custom properties of CSS; the dark ones where the reader's system asks for them. Text on
 * its ground has a contrast of at least 4.5 : 1 (WCAG 2.2, criterion 1.4.3) in both.
 */
export const COLOR_PROPERTIES = `--paper:#fff;--panel:#f5f6f8;--box:#fff;--ink:#1c2430;--soft:#566072;--line:#c9d0da;--free:#fff;--free-line:#aeb7c4;--shared:#dfe4ec;--host:#8b95a5;--host-ink:#10151d;--pool:#3b4454;--pool-ink:#fff;--bad:#c62828;--bad-ink:#fff;--bar:#5b6b84;--track:#dde2ea;--tip:#1c2430;--tip-ink:#fff`;
/** The same for a dark ground. */
export const DARK_PROPERTIES = `--paper:#12161c;--panel:#1b212a;--box:#12161c;--ink:#e6eaf0;--soft:#a3adbc;--line:#38414e;--free:#12161c;--free-line:#4c5766;--shared:#343d4a;--host:#8491a4;--host-ink:#0b0e12;--pool:#c9d2df;--pool-ink:#12161c;--bad:#ef5350;--bad-ink:#12161c;--bar:#8fa3c2;--track:#313a46;--tip:#e6eaf0;--tip-ink:#12161c`;

/** Hues of guests (degrees), neighbours far apart; letters tell guests apart where hues repeat. */
const HUES = [205, 28, 140, 325, 50, 265, 175, 0, 95, 235, 300, 15] as const;

/** How many guests have a colour of their own. */
export const GUEST_COLORS = HUES.length;

/** The class of a guest's colour, by its place in the legend. */
export function guestClass(guest: number): string {
  return `g${guest % GUEST_COLORS}`;
}

/** Rules that set `--own` (ground) and `--own-line` (border) for each class of {@link guestClass}. */
export const GUEST_RULES = HUES.map(
  (hue, index) => `.g${index}{--own:hsl(${hue} 75% 82%);--own-line:hsl(${hue} 50% 45%)}`,
).join('');
/** The same for a dark ground. */
export const DARK_GUEST_RULES = HUES.map(
  (hue, index) => `.g${index}{--own:hsl(${hue} 45% 26%);--own-line:hsl(${hue} 45% 55%)}`,
).join('');
