import { MANY } from './map-letters.ts';
import type { CpuMark } from './cpu-marks.ts';
import type { PictureSign } from './map-picture.ts';

/** The sign of each use that no guest owns, with its meaning, in the order of the legend. */
export const SIGNS: readonly PictureSign[] = [
  { use: 'pool', sign: '*', meaning: 'emulator threads' },
  { use: 'shared', sign: '~', meaning: 'shared' },
  { use: 'host', sign: '-', meaning: 'the host' },
  { use: 'free', sign: '·', meaning: 'free' },
  { use: 'contended', sign: '!', meaning: 'two guests pinned' },
];

/** The sign of a CPU that is switched off. */
const OFFLINE = 'x';

/** One character for a CPU: the guest's letter, small where the CPU is kept empty for it, or a sign. */
export function signOf(mark: CpuMark, letters: ReadonlyMap<string, string>): string {
  if (mark.use === 'vcpu' || mark.use === 'iothread') return letters.get(mark.guest) ?? MANY;
  if (mark.use === 'kept-empty') return (letters.get(mark.guest) ?? MANY).toLowerCase();
  return SIGNS.find(({ use }) => use === mark.use)?.sign ?? OFFLINE;
}
