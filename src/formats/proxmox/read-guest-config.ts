import { parseCpuList } from '../../domain/cpu-list.ts';
import type { GuestConfig, HostDevice } from './guest-config.ts';
import { MAX_GUEST_CELLS, parseNumaCell, type NumaCell } from './numa-cell.ts';
import { parseProperties, parseTruth } from './property-string.ts';
import { splitTags } from './tags.ts';
import type { ConfigSection, VmConfig } from './vm-config.ts';

/** qemu-server: `memory` is 512 where nothing is said. */
const DEFAULT_MEMORY_MIB = 512;
/** qemu-server: what `hotplug: 1` stands for, and what holds where nothing is said. */
const HOTPLUG_1 = 'network,disk,usb';

/**
 * What the next start makes of a configuration: its main section with `[PENDING]` worked in, as a start does before it
 * builds QEMU's command. With `pending: false` what holds now: pre-start and a running VM see that.
 */
export function readGuestConfig(config: VmConfig, { pending = true } = {}): GuestConfig {
  const values = pending ? withPending(config) : config.main.values;
  const number = (key: string, otherwise: number) => Math.max(1, Number(values.get(key) ?? otherwise));
  const cores = number('cores', 1);
  const sockets = number('sockets', values.has('smp') ? number('smp', 1) : 1);
  const maxVcpus = sockets * cores;
  const affinity = values.get('affinity');
  return {
    name: values.get('name') ?? null,
    sockets,
    cores,
    maxVcpus,
    vcpus: Math.min(maxVcpus, number('vcpus', maxVcpus)),
    memoryMiB: memoryMiB(values.get('memory')),
    numa: values.get('numa') === '1',
    cells: numaCells(values),
    hugepages: values.get('hugepages') ?? null,
    affinity: affinity === undefined ? null : parseCpuList(affinity),
    pinning: values.get('pinning') ?? null,
    args: values.get('args') ?? null,
    hookscript: values.get('hookscript') ?? null,
    tags: splitTags(values.get('tags') ?? ''),
    hotplug: hotplugOf(values.get('hotplug') ?? '1'),
    lock: values.get('lock') ?? null,
    template: values.get('template') === '1',
    iothreads: iothreadsOf(values),
    devices: devicesOf(values),
    description: descriptionOf(config, pending),
  };
}

type Values = ReadonlyMap<string, string>;

function withPending({ main, pending }: VmConfig): Values {
  if (pending === null) return main.values;
  const values = new Map(main.values);
  // `!key` asks for the key to be forced away.
  for (const key of splitTags(pending.values.get('delete') ?? '')) values.delete(key.replace(/^!/, ''));
  for (const [key, value] of pending.values) if (key !== 'delete') values.set(key, value);
  return values;
}

function descriptionOf({ main, pending }: VmConfig, withChanges: boolean): string {
  const changed: ConfigSection | null = withChanges ? pending : null;
  return changed?.description ?? main.description ?? '';
}

function memoryMiB(value: string | undefined): number {
  const current = parseProperties(value ?? '', 'current')?.get('current');
  return current === undefined ? DEFAULT_MEMORY_MIB : Number(current);
}

function numaCells(values: Values): readonly NumaCell[] {
  return Array.from({ length: MAX_GUEST_CELLS }, (_, guestCell) => {
    const value = values.get(`numa${guestCell}`);
    const cell = value === undefined ? null : parseNumaCell(guestCell, value);
    return cell === null || typeof cell === 'string' ? [] : [cell];
  }).flat();
}

function hotplugOf(value: string): readonly string[] {
  if (value === '0') return [];
  return splitTags(value === '1' ? HOTPLUG_1 : value);
}

/**
 * An iothread is started for a virtio disk that asks for one, and for a SCSI disk only behind a controller of its own
 * (qemu-server, `config_to_command`: elsewhere `iothread` is ignored with a warning).
 */
function iothreadsOf(values: Values): readonly string[] {
  const single = values.get('scsihw') === 'virtio-scsi-single';
  return [...values]
    .filter(([key]) => /^virtio\d+$/.test(key) || (single && /^scsi\d+$/.test(key)))
    .filter(([, value]) => parseTruth(parseProperties(value, 'file')?.get('iothread') ?? '') === true)
    .map(([key]) => key)
    .sort();
}

function devicesOf(values: Values): readonly HostDevice[] {
  return [...values].flatMap(([key, value]) => {
    const parts = /^hostpci\d+$/.test(key) ? parseProperties(value, 'host') : null;
    if (parts === null) return [];
    const addresses = (parts.get('host') ?? '').split(';').filter(isAddress).map(withDomain);
    const mapping = parts.get('mapping') ?? null;
    if (addresses.length === 0 && mapping === null) return [];
    return [{ key, addresses, mapping, mediated: parts.has('mdev') }];
  });
}

function isAddress(text: string): boolean {
  return /^([\da-f]{4,}:)?[\da-f]{2}:[\da-f]{2}(\.[\da-f])?$/i.test(text);
}

function withDomain(address: string): string {
  const lower = address.toLowerCase();
  return lower.split(':').length === 3 ? lower : `0000:${lower}`;
}
