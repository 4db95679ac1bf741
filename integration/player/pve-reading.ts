import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpuNumbers } from '../kit/cpu-numbers.ts';

const CGROUPS = '/sys/fs/cgroup';

/** A file's trimmed text; empty when it is missing. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** What a cgroup says of its CPUs and cells, by file name without `cpuset.`; files that are missing are empty. */
export function cpusetOf(group: string): Record<'cpus' | 'mems' | 'effective' | 'partition', string> {
  const read = (name: string) => textOf(`${CGROUPS}/${group}/cpuset.${name}`);
  return {
    cpus: read('cpus'),
    mems: read('mems.effective'),
    effective: read('cpus.effective'),
    partition: read('cpus.partition'),
  };
}

/** Pages that each mapping of a guest cell's backend has on each cell, by QEMU's name of the backend. */
export function backendPages(numaMaps: string): Record<string, Record<string, number>> {
  const found: Record<string, Record<string, number>> = {};
  for (const line of numaMaps.split('\n')) {
    const backend = /qemu_back_mem\.(ram-node\d+)/.exec(line)?.[1];
    if (backend === undefined) continue;
    const cells = [...line.matchAll(/\bN(\d+)=(\d+)/g)].map(([, cell, pages]) => [cell!, Number(pages)]);
    found[backend] = Object.fromEntries(cells) as Record<string, number>;
  }
  return found;
}

/** Base pages of a process by cell, of mappings as large as a guest's memory (more than 1000 pages touched). */
export function largePagesByCell(numaMaps: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const line of numaMaps.split('\n').filter(text => Number(/anon=(\d+)/.exec(text)?.[1] ?? 0) > 1000))
    for (const [, cell, pages] of line.matchAll(/\bN(\d+)=(\d+)/g))
      found[cell!] = (found[cell!] ?? 0) + Number(pages);
  return found;
}

/** Masks and cells of threads as `grep -H` of their status files noted them, in the order of the threads. */
export function notedThreads(
  text: string,
): { readonly name: string; readonly cpus: readonly number[]; readonly cells: readonly number[] }[] {
  const threads = new Map<string, Map<string, string>>();
  for (const line of text.split('\n')) {
    const [, tid, field, value] = /\/task\/(\d+)\/status:(\w+):\s*(.*)$/.exec(line) ?? [];
    if (tid === undefined) continue;
    const thread = threads.get(tid) ?? new Map<string, string>();
    threads.set(tid, thread.set(field!, value!));
  }
  return [...threads.values()].map(thread => ({
    name: thread.get('Name') ?? '',
    cpus: cpuNumbers(thread.get('Cpus_allowed_list') ?? ''),
    cells: cpuNumbers(thread.get('Mems_allowed_list') ?? ''),
  }));
}

/** Drop-ins of VMs' scopes that lie in systemd's run-time folder. */
export function scopeDropIns(): string[] {
  const units = '/run/systemd/system';
  if (!existsSync(units)) return [];
  return readdirSync(units)
    .filter(name => /^\d+\.scope\.d$/.test(name))
    .flatMap(name => readdirSync(`${units}/${name}`).map(file => `${name}/${file}`));
}
