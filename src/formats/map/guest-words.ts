import { counted } from '../../domain/counted.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { floatingMasks, type Ground, iothreadCpus, ownCpus, poolCpus } from './guest-cpus.ts';
import type { MapGuest } from './map-model.ts';
import { shortList } from './short-list.ts';
import { pageText, sizeText } from './size-text.ts';

/** Base pages are up to this large (Arm, POWER); nobody asks for them by name. */
const LARGEST_BASE_PAGE_KIB = 64;

/** What the words about guests are made with. */
export interface WordContext {
  /** All guests: they tell whether others share an emulator CPU. */
  readonly all: readonly MapGuest[];
  readonly ground: Ground;
  /** `@2` for `on cell 2`. */
  readonly brief: boolean;
}

/** What a guest holds, as parts of its legend line. */
export function guestWords(guest: MapGuest, { all, ground, brief }: WordContext): string[] {
  const iothreads = iothreadCpus(guest);
  return [
    guest.source === 'lease' ? 'being started' : '',
    cpuWords(guest, ground),
    emulatorWords(guest, all),
    iothreads.isEmpty ? '' : `iothreads ${shortList(iothreads)}`,
    memoryWords(guest, brief),
  ].filter(part => part !== '');
}

function cpuWords(guest: MapGuest, ground: Ground): string {
  const own = ownCpus(guest, ground);
  const floating = floatingMasks(guest, ground);
  const area = shortList(CpuSet.union(floating));
  const pinned = guest.vcpus.length - floating.length;
  // Without thread names (a QEMU that was not asked for them) nobody can tell which are vCPUs.
  if (guest.vcpus.length === 0)
    return guest.emulator.isEmpty ? '' : `threads without names on ${shortList(guest.emulator)}`;
  // A claim names CPUs, not the vCPUs on them: an iothread may have one.
  const onOwn =
    guest.source === 'threads'
      ? `${counted(pinned, 'vCPU')} on ${shortList(own)}`
      : `${counted(own.size, 'CPU')} ${shortList(own)}`;
  if (floating.length === 0) return onOwn;
  if (own.isEmpty)
    return `${counted(floating.length, 'vCPU')} ${floating.length === 1 ? 'floats' : 'float'} on ${area}`;
  return `${onOwn}, ${floating.length} float on ${area}`;
}

function emulatorWords(guest: MapGuest, all: readonly MapGuest[]): string {
  const { emulator, vcpus } = guest;
  if (emulator.isEmpty || vcpus.length === 0 || emulator.equals(CpuSet.union(vcpus))) return '';
  const pool = poolCpus(guest);
  const isPooled = all.some(other => other !== guest && !pool.isEmpty && poolCpus(other).equals(pool));
  return `emulator ${isPooled ? '*' : ''}${shortList(emulator)}`;
}

/** `8 GiB in 2 MiB pages on cells 2-3`: how much of each page size, and on which cells. */
function memoryWords({ memory }: MapGuest, brief: boolean): string {
  const sizes = [...new Set(memory.map(({ sizeKiB }) => sizeKiB))];
  return sizes
    .map(sizeKiB => {
      const parts = memory.filter(part => part.sizeKiB === sizeKiB);
      const size = sizeText(parts.reduce((sum, { mib }) => sum + mib, 0));
      const pages = sizeKiB > LARGEST_BASE_PAGE_KIB ? ` in ${pageText(sizeKiB)} pages` : '';
      const cells = CpuSet.of(parts.map(({ cell }) => cell));
      const where = brief ? '@' : cells.size === 1 ? 'on cell ' : 'on cells ';
      return `${size}${pages} ${where}${cells.toString()}`;
    })
    .join(', ');
}
