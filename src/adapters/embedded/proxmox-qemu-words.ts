import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import { BASE_PAGE_KIB } from './page-pools.ts';

/** One memory backend of QEMU. */
export interface Backend {
  readonly memoryMiB: number;
  readonly pageKib: number;
  /** null: not bound. */
  readonly cells: CpuSet | null;
  /** As numa_maps names it. */
  readonly policy: string;
}

/** What placement can see of a command line of qemu-server's. */
export interface QemuWords {
  /** QEMU's own words, without taskset. */
  readonly qemu: readonly string[];
  /** The list of `taskset --cpu-list --all-tasks LIST`; null without it. */
  readonly affinity: string | null;
  readonly vcpus: number;
  readonly backends: readonly Backend[];
  /** Ids of iothreads. */
  readonly iothreads: readonly string[];
}

/** Reads the words as qemu-server writes them (QemuServer.pm, config_to_command; Memory.pm). */
export function readQemuWords(argv: readonly string[]): QemuWords {
  const qemuAt = argv.findIndex(word => /(^|\/)(kvm|qemu-system-[^/]+)$/.test(word));
  const qemu = argv.slice(Math.max(0, qemuAt));
  const listAt = argv.indexOf('--all-tasks');
  const objects = valuesOf(qemu, '-object');
  const memoryMiB = Number(/^(?:size=)?(\d+)/.exec(valuesOf(qemu, '-m')[0] ?? '512')?.[1] ?? 512);
  const backends = objects.flatMap(object =>
    object.startsWith('memory-backend-') ? [backendOf(object)] : [],
  );
  return {
    qemu,
    affinity: listAt < 0 || listAt > qemuAt ? null : (argv[listAt + 1] ?? ''),
    vcpus: Number(/^(?:cpus=)?(\d+)/.exec(valuesOf(qemu, '-smp')[0] ?? '1')?.[1] ?? 1),
    backends:
      backends.length > 0
        ? backends
        : [{ memoryMiB, pageKib: BASE_PAGE_KIB, cells: null, policy: 'default' }],
    iothreads: objects.flatMap(object => /^iothread,id=([^,]+)/.exec(object)?.[1] ?? []),
  };
}

function backendOf(object: string): Backend {
  const nodes = [...object.matchAll(/,host-nodes=([\d-]+)/g)].map(found => found[1]!);
  const policy = /,policy=(\w+)/.exec(object)?.[1] ?? 'default';
  return {
    memoryMiB: Number(/,size=(\d+)M/.exec(object)?.[1] ?? 0),
    pageKib: Number(/,mem-path=[^,]*?(\d+)kB/.exec(object)?.[1] ?? BASE_PAGE_KIB),
    cells: nodes.length === 0 ? null : parseCpuList(nodes.join(',')),
    policy: policy === 'preferred' ? 'prefer' : policy,
  };
}

function valuesOf(words: readonly string[], option: string): string[] {
  return words.flatMap((word, at) => (words[at - 1] === option ? [word] : []));
}
