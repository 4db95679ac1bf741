import { clip, cpuNumber, CPU_LIMIT, CpuSyntaxError } from '../domain/cpu-list.ts';

/**
 * How many CPUs a text in the kernel's list syntax names, repetitions counted each time. It accepts and refuses
 * what `parseCpuList` does, but without making the set, so that it costs what the text is long and no more.
 */
export function countCpuList(text: string): number {
  const body = (text.endsWith('\0') ? text.slice(0, -1) : text).trim();
  if (body === '') return 0;
  let cpus = 0;
  for (const rule of body.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(rule);
    if (match === null)
      throw new CpuSyntaxError(
        `"${clip(rule)}" in the CPU list "${clip(body)}" is no CPU and no range such as 0-3.`,
      );
    const first = cpuNumber(match[1]!, body);
    const last = match[2] === undefined ? first : cpuNumber(match[2], body);
    if (last < first)
      throw new CpuSyntaxError(`The range "${rule}" in the CPU list "${clip(body)}" ends before it starts.`);
    cpus += last - first + 1;
    if (cpus > CPU_LIMIT)
      throw new CpuSyntaxError(`The CPU list "${clip(body)}" names more than ${CPU_LIMIT} CPUs.`);
  }
  return cpus;
}
