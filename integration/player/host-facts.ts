import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpuNumbers } from '../kit/cpu-numbers.ts';

const NODES = '/sys/devices/system/node';

/** The machine's cells and their CPUs, read from sysfs without the code under test. */
export function cellsOfHost(): { readonly id: number; readonly cpus: readonly number[] }[] {
  return readdirSync(NODES)
    .flatMap(name => /^node(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
    .map(id => ({ id, cpus: cpuNumbers(readFileSync(`${NODES}/node${id}/cpulist`, 'utf8')) }));
}

/** Online CPUs. */
export function onlineCpus(): number[] {
  return cpuNumbers(readFileSync('/sys/devices/system/cpu/online', 'utf8'));
}

/** Free pages of 2 MiB on each cell, by cell number; cells without such a pool have 0. */
export function freeHugePages(): Record<string, number> {
  return Object.fromEntries(
    cellsOfHost().map(({ id }) => {
      const path = `${NODES}/node${id}/hugepages/hugepages-2048kB/free_hugepages`;
      return [id, existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0];
    }),
  );
}

/**
 * Pages of 2 MiB that a process holds, by cell (numa_maps: `N0=32 … kernelpagesize_kB=2048`, counted in pages of
 * that size).
 */
export function hugePagesOf(pid: number): Record<string, number> {
  const held: Record<string, number> = {};
  for (const line of readFileSync(`/proc/${pid}/numa_maps`, 'utf8').split('\n')) {
    if (!line.includes('kernelpagesize_kB=2048')) continue;
    for (const [, cell, pages] of line.matchAll(/\bN(\d+)=(\d+)/g))
      held[cell!] = (held[cell!] ?? 0) + Number(pages);
  }
  return held;
}
