import type { CpuMark } from './cpu-marks.ts';

/** Guests are called by these on the map, in order of their names; more than 26 share the last. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const MANY = '#';

/** The sign of each use that no guest owns, with its meaning for the legend. */
export const SIGNS = {
  pool: { sign: '*', meaning: 'emulator threads' },
  shared: { sign: '~', meaning: 'shared' },
  host: { sign: '-', meaning: 'the host' },
  free: { sign: '·', meaning: 'free' },
  contended: { sign: '!', meaning: 'two guests pinned' },
} as const;

/** A letter for each guest. */
export function lettersFor(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name, index) => [name, LETTERS[index] ?? MANY]));
}

/** One character for a CPU: the guest's letter, small where the CPU is kept empty for it, or a sign. */
export function signOf(mark: CpuMark, letters: ReadonlyMap<string, string>): string {
  if (mark.use === 'vcpu') return letters.get(mark.guest) ?? MANY;
  if (mark.use === 'kept-empty') return (letters.get(mark.guest) ?? MANY).toLowerCase();
  return mark.use === 'offline' ? 'x' : SIGNS[mark.use].sign;
}
