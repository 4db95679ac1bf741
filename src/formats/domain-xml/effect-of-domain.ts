import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuList } from '../../domain/host-topology.ts';
import type {
  DomainDescription,
  GuestTopology,
  MemoryBacking,
  Numatune,
  VcpuScheduler,
} from './domain-description.ts';
import { readDomain } from './read-domain.ts';

/**
 * What a domain XML makes libvirt do about placement, free of how it is written: two texts with equal effects start
 * guests that are placed alike. Sets are in kernel list syntax.
 */
export interface DomainEffect {
  /** By vCPU, all that start: its pin, else the `cpuset` of `<vcpu>`, else null (anywhere). */
  readonly vcpus: Readonly<Record<string, CpuList | null>>;
  readonly emulator: CpuList | null;
  /** By iothread, all that there are. */
  readonly iothreads: Readonly<Record<string, CpuList | null>>;
  /** By vCPU, those with a scheduler of their own: `fifo:1`. */
  readonly schedulers: Readonly<Record<string, string>>;
  /** Mode and host cells by guest cell (`*` for a guest without cells), null when nothing is tuned. */
  readonly memory: Readonly<
    Record<string, { readonly mode: string; readonly nodeset: string | null }>
  > | null;
  /** Page size in KiB by guest cell (`*` for a guest without cells), large pages only; null = the default size. */
  readonly pages: Readonly<Record<string, number | null>>;
  readonly locked: boolean;
  readonly nosharepages: boolean;
  readonly cells: readonly {
    readonly vcpus: CpuList;
    readonly memoryKiB: number;
    readonly shared: boolean;
  }[];
  readonly topology: GuestTopology;
  readonly physicalAddress: DomainDescription['physicalAddress'];
}

/** The effect of a domain XML. @throws DomainXmlError */
export function effectOfDomain(xml: string): DomainEffect {
  const domain = readDomain(xml);
  const { pins, memoryBacking } = domain;
  const vcpuIds = Array.from({ length: domain.vcpus }, (_, vcpu) => vcpu);
  return {
    vcpus: byId(vcpuIds, vcpu => pins.vcpus[vcpu] ?? domain.vcpuCpuset),
    emulator: pins.emulator ?? domain.vcpuCpuset,
    iothreads: byId(domain.iothreads, id => pins.iothreads[id] ?? domain.vcpuCpuset),
    schedulers: schedulersByVcpu(pins.schedulers),
    memory: domain.numatune === null ? null : memoryByCell(domain, domain.numatune),
    pages: pagesByCell(domain, memoryBacking),
    locked: memoryBacking.locked,
    nosharepages: memoryBacking.nosharepages,
    cells: domain.guestCells.map(({ vcpus, memoryKiB, access }) => ({
      vcpus,
      memoryKiB,
      shared: access === 'shared',
    })),
    topology: domain.topology ?? { sockets: domain.maxVcpus, dies: 1, clusters: 1, cores: 1, threads: 1 },
    physicalAddress: domain.physicalAddress,
  };
}

function byId<T>(ids: readonly (number | string)[], value: (id: number | string) => T): Record<string, T> {
  return Object.fromEntries(ids.map(id => [id, value(id)]));
}

function schedulersByVcpu(schedulers: readonly VcpuScheduler[]): Record<string, string> {
  return Object.fromEntries(
    schedulers.flatMap(({ vcpus, scheduler, priority }) =>
      [...parseCpuList(vcpus)].map(vcpu => [
        vcpu,
        priority === null ? scheduler : `${scheduler}:${priority}`,
      ]),
    ),
  );
}

function cellIds(domain: DomainDescription): readonly (number | string)[] {
  return domain.guestCells.length === 0 ? ['*'] : domain.guestCells.map(({ id }) => id);
}

function memoryByCell(domain: DomainDescription, tune: Numatune): DomainEffect['memory'] {
  const whole = tune.mode === null ? [] : [{ mode: tune.mode, nodeset: tune.nodeset }];
  return Object.fromEntries(
    cellIds(domain).flatMap(id =>
      [tune.cells[id] ?? whole[0]].flatMap(found => (found === undefined ? [] : [[id, found]])),
    ),
  );
}

/** A size that names its cells goes before one that does not. */
function pagesByCell(domain: DomainDescription, { hugePages }: MemoryBacking): Record<string, number | null> {
  const sizeOf = (id: number | string) =>
    hugePages.find(({ cells }) => cells !== null && parseCpuList(cells).has(Number(id))) ??
    hugePages.find(({ cells }) => cells === null);
  return Object.fromEntries(
    cellIds(domain).flatMap(id => {
      const found = sizeOf(id);
      return found === undefined ? [] : [[id, found.sizeKiB]];
    }),
  );
}
