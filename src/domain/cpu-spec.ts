import { clip, CPU_LIMIT, cpuNumber, CpuSyntaxError } from './cpu-list.ts';
import { CpuSet } from './cpu-set.ts';

const RULE = /^(\^?)\s*(\d+)(?:\s*-\s*(\d+))?$/;

/**
 * Reads Nova's CPU specification (`nova.virt.hardware.parse_cpu_spec`): a comma list of `N`, `A-B`, `^N`,
 * `^A-B`. The result is all includes minus all excludes, wherever the excludes stand; blanks around rules, `-`
 * and after `^` are ignored and empty rules skipped, so a text of excludes alone is the empty set. Stricter
 * than Nova in one thing: only the ASCII digits make a number (Python's `int` also takes `1_0`, `+1` and
 * full-width digits).
 */
export function parseCpuSpec(text: string): CpuSet {
  const included: number[] = [];
  const excluded: number[] = [];
  for (const rule of text.split(',').map(part => part.trim())) {
    if (rule === '') continue;
    const match = RULE.exec(rule);
    if (match === null) {
      throw new CpuSyntaxError(
        `"${clip(rule)}" in CPU set "${clip(text)}" is no rule: write N, A-B, ^N or ^A-B with plain digits, separated by commas.`,
      );
    }
    const first = cpuNumber(match[2]!, text);
    const last = match[3] === undefined ? first : cpuNumber(match[3], text);
    if (last < first)
      throw new CpuSyntaxError(`Range "${clip(rule)}" in CPU set "${clip(text)}" ends before it starts.`);
    const target = match[1] === '^' ? excluded : included;
    for (let cpu = first; cpu <= last; cpu += 1) target.push(cpu);
    if (target.length > CPU_LIMIT)
      throw new CpuSyntaxError(`CPU set "${clip(text)}" names more than ${CPU_LIMIT} CPUs.`);
  }
  return CpuSet.of(included).minus(CpuSet.of(excluded));
}

/**
 * A mask over the vCPUs `0` to `vcpus - 1`, as Nova reads realtime, dedicated and emulator masks: a text that
 * starts with `^` means all of them but those.
 */
export function parseVcpuMask(text: string, vcpus: number): CpuSet {
  return parseCpuSpec(text.trimStart().startsWith('^') ? `0-${vcpus - 1},${text}` : text);
}
