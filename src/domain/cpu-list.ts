import { CpuSet } from './cpu-set.ts';

/** One above the highest CPU number that is read: eight times the kernel's largest NR_CPUS (8192). */
export const CPU_LIMIT = 65536;

/** A text that is no CPU set; `message` says which rule of which text is wrong and how it should look. */
export class CpuSyntaxError extends Error {
  override readonly name = 'CpuSyntaxError';
}

/**
 * Reads the kernel's list syntax as it stands in sysfs, /proc and our documents: ascending or not, `0-3,8`,
 * `""` = none. Surrounding white space and a final NUL byte (some firmware's sysfs files) are dropped.
 * Nothing else is understood: no `^`, no stride, no inner blanks.
 */
export function parseCpuList(text: string): CpuSet {
  const ranges = rangesOf(text);
  return ranges.length === 0 ? CpuSet.EMPTY : setOfRanges(ranges);
}

/** The CPUs of a text that {@link parseCpuList} takes, as it lists them; quicker than a set where there are few. */
export function listedCpus(text: string): number[] {
  const ranges = rangesOf(text);
  let count = 0;
  for (let at = 0; at < ranges.length; at += 2) count += ranges[at + 1]! - ranges[at]! + 1;
  const cpus = new Array<number>(count);
  let listed = 0;
  for (let at = 0; at < ranges.length; at += 2)
    for (let cpu = ranges[at]!; cpu <= ranges[at + 1]!; cpu += 1) cpus[listed++] = cpu;
  return cpus;
}

/** First and last CPU of each rule in turn. Arrays are made in their length: `push` makes room for 16 more. */
function rangesOf(text: string): readonly number[] {
  const body = (text.endsWith('\0') ? text.slice(0, -1) : text).trim();
  if (body === '') return [];
  const ranges = new Array<number>(2 * rulesIn(body));
  let listed = 0;
  for (let from = 0, at = 0; from <= body.length; at += 2) {
    const comma = body.indexOf(',', from);
    const to = comma < 0 ? body.length : comma;
    let dash = from;
    while (dash < to && body[dash] !== '-') dash += 1;
    const first = readNumber(body, from, dash);
    const last = dash < to ? readNumber(body, dash + 1, to) : first;
    if (first < 0 || last < first) throw noRange(body, body.slice(from, to), first >= 0 && last >= 0);
    ranges[at] = first;
    ranges[at + 1] = last;
    listed += last - first + 1;
    if (listed > CPU_LIMIT) {
      throw new CpuSyntaxError(`CPU list "${clip(body)}" names more than ${CPU_LIMIT} CPUs.`);
    }
    from = to + 1;
  }
  return ranges;
}

/** Not counted beyond {@link CPU_LIMIT}, where one rule or another is refused. */
function rulesIn(body: string): number {
  let rules = 1;
  for (let comma = body.indexOf(','); comma >= 0 && rules <= CPU_LIMIT; rules += 1)
    comma = body.indexOf(',', comma + 1);
  return rules;
}

function noRange(body: string, rule: string, isRange: boolean): CpuSyntaxError {
  return new CpuSyntaxError(
    isRange
      ? `Range "${clip(rule)}" in CPU list "${clip(body)}" ends before it starts.`
      : `"${clip(rule)}" in CPU list "${clip(body)}" is no CPU and no range such as 0-3.`,
  );
}

/** The number that these offsets enclose, or -1 when that is not one or more ASCII digits. */
function readNumber(body: string, from: number, to: number): number {
  if (from >= to) return -1;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = body.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value < CPU_LIMIT ? value : cpuNumber(body.slice(from, to), body);
}

function setOfRanges(ranges: readonly number[]): CpuSet {
  let highest = 0;
  for (let at = 1; at < ranges.length; at += 2) if (ranges[at]! > highest) highest = ranges[at]!;
  const words = new Uint32Array((highest >>> 5) + 1);
  for (let at = 0; at < ranges.length; at += 2) {
    for (let cpu = ranges[at]!; cpu <= ranges[at + 1]!; cpu += 1) words[cpu >>> 5]! |= 1 << (cpu & 31);
  }
  return CpuSet.fromWords(words);
}

/** The number of a CPU, refused from {@link CPU_LIMIT} on; `whole` is the text that the message quotes. */
export function cpuNumber(digits: string, whole: string): number {
  const cpu = Number(digits);
  if (cpu >= CPU_LIMIT)
    throw new CpuSyntaxError(
      `CPU ${clip(digits)} in "${clip(whole)}" is above ${CPU_LIMIT - 1}, the highest that is read.`,
    );
  return cpu;
}

/** A text short enough for one message: the first 60 characters. */
export function clip(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}
