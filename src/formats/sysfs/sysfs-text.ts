import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';

/** One above the highest number of a CPU: the largest NR_CPUS that the kernel can be built with (x86, MAXSMP). */
const NUMBER_LIMIT = 8192;

/** Longest list or mask that is read; every other CPU named takes half of it. */
const LONGEST = 64 * 1024;

/** The set that a sysfs list file (`0-3,8`) names; null when there is no text or it is no such list. */
export function cpuListOf(text: string | null): CpuSet | null {
  if (text === null || text.length > LONGEST) return null;
  const body = text.slice(0, endOf(text));
  if (/[^\d,-]/.test(body)) return null;
  try {
    return possible(parseCpuList(body));
  } catch {
    return null;
  }
}

/**
 * The set that a sysfs mask file (`00000000,0000ff00`: hex words of 32 bits, highest first) names; null when
 * there is no text or it is no such mask.
 */
export function cpuMaskOf(text: string | null): CpuSet | null {
  if (text === null || text.length > LONGEST) return null;
  const body = text.slice(0, endOf(text));
  if (!/^[\da-f]{1,8}(?:,[\da-f]{8})*$/i.test(body)) return null;
  return possible(CpuSet.fromWords(Uint32Array.from(body.split(',').reverse(), word => parseInt(word, 16))));
}

/** The whole number ≥ 0 that a file holds; null when it holds anything else. */
export function countOf(text: string | null): number | null {
  if (text === null || text.length > 64) return null;
  const body = text.trim();
  return /^\d{1,15}$/.test(body) ? Number(body) : null;
}

/** The numbers of the folders called `prefix` and a number, as `cpu12`; numbers that no CPU can have are left out. */
export function numbersOf(names: readonly string[], prefix: string): CpuSet {
  const pattern = new RegExp(`^${prefix}(\\d{1,4})$`);
  const numbers = names.map(name => Number(pattern.exec(name)?.[1] ?? NaN));
  return CpuSet.of(numbers.filter(number => number < NUMBER_LIMIT));
}

/** The sets in order of their lowest CPU, each written as a list; empty ones are left out. */
export function listsInOrder(sets: readonly CpuSet[]): string[] {
  return sets
    .filter(set => !set.isEmpty)
    .map(set => ({ first: set.first!, text: set.toString() }))
    .sort((a, b) => a.first - b.first)
    .map(({ text }) => text);
}

function possible(set: CpuSet): CpuSet | null {
  return set.highest < NUMBER_LIMIT ? set : null;
}

/** Where the text ends without the line end and the NUL bytes that some kernels leave after it. */
function endOf(text: string): number {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) <= 32) end -= 1;
  return end;
}
