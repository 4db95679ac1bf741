import type { CpuUse } from './cpu-marks.ts';
import type { PictureCpu } from './map-picture.ts';

/** How a drawing is to be read, for somebody who never heard of cells: a word and what it means. */
export const HOW_TO_READ: readonly (readonly [word: string, meaning: string])[] = [
  ['socket', 'one processor chip.'],
  [
    'cell',
    'a group of cores with the memory next to them (a NUMA node). A guest is fast while its CPUs and its memory are in the same cell.',
  ],
  ['box', 'cores that share one cache.'],
  [
    'squares that touch',
    'the threads of one core. Each square is a CPU; its letter and colour are the guest that has it.',
  ],
  ['bar', 'how much of the memory, or of the large pages kept in it, is in use.'],
];

/** What the signs mean, in words for a page that has room. */
export const LONG_MEANINGS: Readonly<Partial<Record<CpuUse, string>>> = {
  pool: 'emulator threads: helpers of guests, kept off their CPUs',
  shared: 'shared by guests without CPUs of their own',
  host: "kept for the host's own work",
  free: 'free: the next guest may have it',
  contended: 'two guests pinned to one CPU',
};

/** A CPU in one line of text: place, owner, reason. */
export function cpuLabel({ tip }: Pick<PictureCpu, 'tip'>): string {
  return `${tip.place}: ${tip.owner}. ${tip.reason}`;
}
