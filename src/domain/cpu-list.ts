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
  const body = (text.endsWith('\0') ? text.slice(0, -1) : text).trim();
  if (body === '') return CpuSet.EMPTY;
  const cpus: number[] = [];
  for (const rule of body.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(rule);
    if (match === null)
      throw new CpuSyntaxError(
        `"${clip(rule)}" in CPU list "${clip(body)}" is no CPU and no range such as 0-3.`,
      );
    const first = cpuNumber(match[1]!, body);
    const last = match[2] === undefined ? first : cpuNumber(match[2], body);
    if (last < first)
      throw new CpuSyntaxError(`Range "${rule}" in CPU list "${clip(body)}" ends before it starts.`);
    for (let cpu = first; cpu <= last; cpu += 1) cpus.push(cpu);
    if (cpus.length > CPU_LIMIT)
      throw new CpuSyntaxError(`CPU list "${clip(body)}" names more than ${CPU_LIMIT} CPUs.`);
  }
  return CpuSet.of(cpus);
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
