import type { CpuSet } from '../domain/cpu-set.ts';

/** A set in the kernel's mask syntax: 32 bits a word in hex, highest word first, as `shared_cpu_map` shows it. */
export function kernelMask(cpus: CpuSet): string {
  const words = [...cpus.words].reverse().map(word => word.toString(16).padStart(8, '0'));
  return words.length === 0 ? '0' : words.join(',');
}

/** Lines `Name:   123 kB` as meminfo shows them; `prefix` is `Node 0 ` in a cell's. */
export function memoryLines(sizes: Readonly<Record<string, number>>, prefix = ''): string {
  return Object.entries(sizes)
    .map(([name, kib]) => `${prefix}${`${name}:`.padEnd(16)}${`${kib}`.padStart(8)} kB\n`)
    .join('');
}
