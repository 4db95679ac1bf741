import { cpuNumbers } from '../kit/cpu-numbers.ts';

/** What a domain's XML says about placement; CPU sets as sorted numbers. */
export interface DomainPins {
  readonly vcpus: Readonly<Record<string, readonly number[]>>;
  readonly emulator: readonly number[] | null;
  readonly iothreads: Readonly<Record<string, readonly number[]>>;
  /** `<numatune><memory>`: mode and host cells. */
  readonly memory: { readonly mode: string; readonly cells: readonly number[] } | null;
  /** `<memnode>`: host cells by guest cell. */
  readonly memoryOfCell: Readonly<Record<string, readonly number[]>>;
  /** `<memoryBacking><hugepages>`: page size in KiB, null without. */
  readonly pageSizeKiB: number | null;
}

/** Reads libvirt's own text (`virsh dumpxml`), whose attributes stand in single quotes and in a known order. */
export function domainPins(xml: string): DomainPins {
  const sets = (pattern: RegExp) =>
    Object.fromEntries([...xml.matchAll(pattern)].map(match => [match[1]!, cpuNumbers(match[2]!)]));
  const emulator = /<emulatorpin cpuset='([^']*)'/.exec(xml)?.[1];
  const memory = /<memory mode='([^']*)' nodeset='([^']*)'/.exec(xml);
  const page = /<hugepages>\s*<page size='(\d+)' unit='KiB'/.exec(xml)?.[1];
  return {
    vcpus: sets(/<vcpupin vcpu='(\d+)' cpuset='([^']*)'/g),
    emulator: emulator === undefined ? null : cpuNumbers(emulator),
    iothreads: sets(/<iothreadpin iothread='(\d+)' cpuset='([^']*)'/g),
    memory: memory === null ? null : { mode: memory[1]!, cells: cpuNumbers(memory[2]!) },
    memoryOfCell: sets(/<memnode cellid='(\d+)' mode='[^']*' nodeset='([^']*)'/g),
    pageSizeKiB: page === undefined ? null : Number(page),
  };
}
