import { CpuSyntaxError } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import { parseCpuSpec } from '../../domain/cpu-spec.ts';
import { VirshError } from './virsh-error.ts';
import { childAt, childrenOf, parseXml, textOf, XmlError, type XmlElement } from './xml-elements.ts';

/** What the stand-in libvirt takes out of a domain. Memory in KiB. */
export interface DomainFacts {
  readonly xml: XmlElement;
  readonly name: string;
  /** `""` when the text has none: libvirt then makes one up. */
  readonly uuid: string;
  readonly kvm: boolean;
  readonly maxVcpus: number;
  readonly vcpus: number;
  /** `<vcpu cpuset>`: where vCPUs and emulator without a pin of their own run; null = everywhere. */
  readonly defaultCpus: CpuSet | null;
  readonly vcpuPins: ReadonlyMap<number, CpuSet>;
  readonly emulatorPin: CpuSet | null;
  readonly iothreads: number;
  readonly iothreadPins: ReadonlyMap<number, CpuSet>;
  /** By vCPU: `fifo` or `rr` with its priority. */
  readonly realtime: ReadonlyMap<number, RealtimeClass>;
  readonly memoryKib: number;
  /** Guest cells; empty when the guest sees none. */
  readonly cells: readonly { readonly id: number; readonly memoryKib: number }[];
  readonly numatune: MemoryTuning | null;
  /** By guest cell. */
  readonly memnodes: ReadonlyMap<number, MemoryTuning>;
  /** null without `<hugepages>`; `guestCells` null = all, `sizeKib` null = the default size. */
  readonly hugepages:
    | readonly { readonly sizeKib: number | null; readonly guestCells: CpuSet | null }[]
    | null;
  /** All memory is touched before the guest runs (`<allocation mode='immediate'/>`). */
  readonly immediate: boolean;
}

/** A realtime scheduling class of sched_setscheduler(2). */
export interface RealtimeClass {
  readonly scheduler: 'fifo' | 'rr';
  readonly priority: number;
}

/** `<numatune>` modes: strict, preferred, interleave, restrictive. Host cells as a set. */
export interface MemoryTuning {
  readonly mode: string;
  readonly nodeset: CpuSet | null;
}

/** KiB per unit name of libvirt's domain format; without a unit a number is KiB. */
const UNITS_KIB: Readonly<Record<string, number>> = {
  '': 1,
  K: 1,
  KiB: 1,
  M: 1024,
  MiB: 1024,
  G: 1048576,
  GiB: 1048576,
  T: 1073741824,
  TiB: 1073741824,
  b: 1 / 1024,
  bytes: 1 / 1024,
};

/**
 * Reads a domain as libvirt does; what libvirt refuses fails here with its words. Recorded from libvirt 9.0: two
 * pins of one vCPU are an error, a pin of a vCPU that the guest does not have is accepted in silence, and the
 * memory of `<numa>` cells wins over a different `<memory>`.
 */
export function readDomainFacts(text: string): DomainFacts {
  const xml = rootOf(text);
  const vcpu = childAt(xml, 'vcpu');
  const tune = childAt(xml, 'cputune');
  const maxVcpus = numberOf(textOf(vcpu) || '1');
  const cells = cellsOf(xml);
  const total = cells.reduce((sum, cell) => sum + cell.memoryKib, 0);
  const emulatorPins = childrenOf(tune, 'emulatorpin').map(pin => cpusOf(pin.attributes['cpuset']));
  return {
    xml,
    name: textOf(childAt(xml, 'name')),
    uuid: textOf(childAt(xml, 'uuid')),
    kvm: xml.attributes['type'] !== 'qemu',
    maxVcpus,
    vcpus: numberOf(vcpu?.attributes['current'] ?? `${maxVcpus}`),
    defaultCpus: vcpu?.attributes['cpuset'] === undefined ? null : cpusOf(vcpu.attributes['cpuset']),
    vcpuPins: pinsOf(tune, 'vcpupin', 'vcpu'),
    emulatorPin: emulatorPins[0] ?? null,
    iothreads: numberOf(textOf(childAt(xml, 'iothreads')) || '0'),
    iothreadPins: pinsOf(tune, 'iothreadpin', 'iothread'),
    realtime: realtimeOf(tune),
    memoryKib: total > 0 ? total : kibOf(childAt(xml, 'memory')),
    cells,
    numatune: tuningOf(childAt(xml, 'numatune', 'memory')),
    memnodes: memnodesOf(xml),
    hugepages: hugepagesOf(xml),
    immediate: childAt(xml, 'memoryBacking', 'allocation')?.attributes['mode'] === 'immediate',
  };
}

/** The CPUs of a libvirt cpuset; its words when the text is none. */
export function cpusOf(text: string | undefined): CpuSet {
  try {
    const cpus = parseCpuSpec(text ?? '');
    if (!cpus.isEmpty) return cpus;
  } catch (error) {
    if (!(error instanceof CpuSyntaxError)) throw error;
  }
  throw new VirshError(`invalid argument: Failed to parse bitmap '${text ?? ''}'`);
}

function rootOf(text: string): XmlElement {
  try {
    const xml = parseXml(text);
    if (xml.name === 'domain') return xml;
    throw new VirshError(`XML error: unexpected root element <${xml.name}>, expecting <domain>`);
  } catch (error) {
    throw error instanceof XmlError ? new VirshError(error.message) : error;
  }
}

function pinsOf(tune: XmlElement | undefined, name: string, key: string): Map<number, CpuSet> {
  const pins = new Map<number, CpuSet>();
  for (const pin of childrenOf(tune, name)) {
    const id = numberOf(pin.attributes[key] ?? '');
    if (pins.has(id)) throw new VirshError(`internal error: duplicate ${name} for ${key} '${id}'`);
    pins.set(id, cpusOf(pin.attributes['cpuset']));
  }
  return pins;
}

function realtimeOf(tune: XmlElement | undefined): Map<number, RealtimeClass> {
  const classes = new Map<number, RealtimeClass>();
  for (const element of childrenOf(tune, 'vcpusched')) {
    const { scheduler, priority, vcpus } = element.attributes;
    if (scheduler !== 'fifo' && scheduler !== 'rr') continue;
    for (const vcpu of cpusOf(vcpus)) classes.set(vcpu, { scheduler, priority: numberOf(priority ?? '1') });
  }
  return classes;
}

function cellsOf(xml: XmlElement): { id: number; memoryKib: number }[] {
  return childrenOf(childAt(xml, 'cpu', 'numa'), 'cell').map((cell, index) => ({
    id: numberOf(cell.attributes['id'] ?? `${index}`),
    memoryKib: Math.ceil(numberOf(cell.attributes['memory'] ?? '0') * unit(cell.attributes['unit'])),
  }));
}

function tuningOf(element: XmlElement | undefined): MemoryTuning | null {
  if (element === undefined) return null;
  const { mode, nodeset } = element.attributes;
  return { mode: mode ?? 'strict', nodeset: nodeset === undefined ? null : cpusOf(nodeset) };
}

function memnodesOf(xml: XmlElement): Map<number, MemoryTuning> {
  const nodes = childrenOf(childAt(xml, 'numatune'), 'memnode');
  return new Map(nodes.map(node => [numberOf(node.attributes['cellid'] ?? ''), tuningOf(node)!]));
}

function hugepagesOf(xml: XmlElement): DomainFacts['hugepages'] {
  const element = childAt(xml, 'memoryBacking', 'hugepages');
  if (element === undefined) return null;
  const pages = childrenOf(element, 'page').map(page => ({
    sizeKib: numberOf(page.attributes['size'] ?? '') * unit(page.attributes['unit']),
    guestCells: page.attributes['nodeset'] === undefined ? null : cpusOf(page.attributes['nodeset']),
  }));
  return pages.length > 0 ? pages : [{ sizeKib: null, guestCells: null }];
}

function kibOf(element: XmlElement | undefined): number {
  return Math.ceil(numberOf(textOf(element) || '0') * unit(element?.attributes['unit']));
}

function unit(name: string | undefined): number {
  const kib = UNITS_KIB[name ?? ''];
  if (kib === undefined) throw new VirshError(`invalid argument: unknown suffix '${name ?? ''}'`);
  return kib;
}

function numberOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new VirshError(`XML error: '${text}' is no valid number`);
}
