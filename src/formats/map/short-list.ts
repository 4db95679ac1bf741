import type { CpuSet } from '../../domain/cpu-set.ts';

/** So many single numbers at an equal distance are told by the first two and the last. */
const LEAST_IN_A_ROW = 4;

/**
 * A set for a reader: kernel list syntax, but numbers at equal distances above 1 as `0,2,…,30`, because machines
 * whose firmware deals CPUs out round the cells would have lines of hundreds of numbers else.
 */
export function shortList(cpus: CpuSet): string {
  const parts = cpus.toString().split(',');
  const shown: string[] = [];
  for (let index = 0; index < parts.length; ) {
    const length = stridesFrom(parts, index);
    if (length < LEAST_IN_A_ROW) {
      shown.push(parts[index]!);
      index += 1;
    } else {
      shown.push(parts[index]!, parts[index + 1]!, '…', parts[index + length - 1]!);
      index += length;
    }
  }
  return shown.join(',');
}

/** How many parts from here on are single numbers at the same distance from each other. */
function stridesFrom(parts: readonly string[], start: number): number {
  const number = (index: number) => (/^\d+$/.test(parts[index] ?? '') ? Number(parts[index]) : Number.NaN);
  const step = number(start + 1) - number(start);
  if (Number.isNaN(step)) return 1;
  let end = start + 1;
  while (number(end + 1) - number(end) === step) end += 1;
  return end - start + 1;
}
