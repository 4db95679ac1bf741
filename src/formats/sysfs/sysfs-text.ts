import { CpuSet } from '../../domain/cpu-set.ts';

/** One above the highest number of a CPU: the largest NR_CPUS that the kernel can be built with (x86, MAXSMP). */
const NUMBER_LIMIT = 8192;

/** Longest list or mask that is read; every other CPU named takes half of it. */
const LONGEST = 64 * 1024;

/** The set that a sysfs list file (`0-3,8`) names; null when there is no text or it is no such list. */
export function cpuListOf(text: string | null): CpuSet | null {
  const cpus = listedNumbers(text);
  return cpus === null ? null : CpuSet.of(cpus);
}

/**
 * The numbers that a list file names, as they stand there. One pass over the characters without a regular
 * expression: a hook reads hundreds of these lists in a fresh process.
 */
export function listedNumbers(text: string | null): number[] | null {
  if (text === null || text.length > LONGEST) return null;
  const end = endOf(text);
  const cpus: number[] = [];
  let position = 0;
  while (position < end) {
    const firstEnd = digitsEnd(text, position, end);
    const isRange = firstEnd < end && text.charCodeAt(firstEnd) === DASH;
    const lastEnd = isRange ? digitsEnd(text, firstEnd + 1, end) : firstEnd;
    const first = Number(text.slice(position, firstEnd));
    const last = isRange ? Number(text.slice(firstEnd + 1, lastEnd)) : first;
    const isRule = firstEnd > position && (!isRange || lastEnd > firstEnd + 1);
    if (!isRule || last < first || last >= NUMBER_LIMIT || cpus.length > NUMBER_LIMIT) return null;
    for (let cpu = first; cpu <= last; cpu += 1) cpus.push(cpu);
    if (lastEnd < end && (text.charCodeAt(lastEnd) !== COMMA || lastEnd + 1 === end)) return null;
    position = lastEnd + 1;
  }
  return cpus;
}

const COMMA = 44;
const DASH = 45;

/** Where the digits that begin at `start` end. */
function digitsEnd(text: string, start: number, end: number): number {
  let position = start;
  while (position < end && text.charCodeAt(position) >= 48 && text.charCodeAt(position) <= 57) position += 1;
  return position;
}

/**
 * The set that a sysfs mask file (`00000000,0000ff00`: hex words of 32 bits, highest first) names; null when
 * there is no text or it is no such mask.
 */
export function cpuMaskOf(text: string | null): CpuSet | null {
  if (text === null || text.length > LONGEST) return null;
  const body = text.slice(0, endOf(text));
  if (!/^[\da-f]{1,8}(?:,[\da-f]{8})*$/i.test(body)) return null;
  const set = CpuSet.fromWords(Uint32Array.from(body.split(',').reverse(), word => parseInt(word, 16)));
  return set.highest < NUMBER_LIMIT ? set : null;
}

/** The whole number ≥ 0 that a file holds; null when it holds anything else. */
export function countOf(text: string | null): number | null {
  if (text === null || text.length > 64) return null;
  const body = text.trim();
  return /^\d{1,15}$/.test(body) ? Number(body) : null;
}

/** The numbers of the folders called `prefix` and a number, as `cpu12`; numbers that no CPU can have are left out. */
export function numbersOf(names: readonly string[], prefix: string): CpuSet {
  const numbers: number[] = [];
  for (const name of names) {
    const digits = name.length - prefix.length;
    if (digits < 1 || digits > 4 || !name.startsWith(prefix)) continue;
    if (digitsEnd(name, prefix.length, name.length) !== name.length) continue;
    const number = Number(name.slice(prefix.length));
    if (number < NUMBER_LIMIT) numbers.push(number);
  }
  return CpuSet.of(numbers);
}

/** The numbers, which ascend, in the kernel's list syntax. */
export function listText(numbers: readonly number[]): string {
  let text = '';
  for (let start = 0, end = 0; start < numbers.length; start = end) {
    end = start + 1;
    while (end < numbers.length && numbers[end] === numbers[end - 1]! + 1) end += 1;
    const run = end - start === 1 ? `${numbers[start]!}` : `${numbers[start]!}-${numbers[end - 1]!}`;
    text = text === '' ? run : `${text},${run}`;
  }
  return text;
}

/** Where the text ends without the line end and the NUL bytes that some kernels leave after it. */
function endOf(text: string): number {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) <= 32) end -= 1;
  return end;
}
