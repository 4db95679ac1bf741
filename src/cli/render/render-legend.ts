import { counted } from '../../domain/counted.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { pageText, sizeText } from './bars.ts';
import { pinnedCpus, poolCpus, type CpuMark } from './cpu-marks.ts';
import type { MapGuest, MapModel } from './map-model.ts';
import { SIGNS } from './map-labels.ts';
import { type Colors, paintGuest, paintMark } from './paint.ts';

/** What the legend is drawn with. */
export interface LegendInk {
  readonly marks: ReadonlyMap<number, CpuMark>;
  readonly letters: ReadonlyMap<string, string>;
  readonly names: readonly string[];
  readonly colors: Colors;
  readonly width: number;
}

/** Base pages are up to this large (Arm, POWER); nobody asks for them by name. */
const LARGEST_BASE_PAGE_KIB = 64;

/** One line a guest, then one line with the signs that the map uses. */
export function renderLegend(model: MapModel, ink: LegendInk): string[] {
  const nameColumns = Math.max(0, ...ink.names.map(({ length }) => length));
  const guests = model.guests.flatMap(guest => {
    const letter = paintGuest(ink.letters.get(guest.name)!, guest.name, ink);
    const parts = [cpuWords(guest), emulatorWords(guest, model), memoryWords(guest)];
    const lines = joined(
      parts.filter(part => part !== ''),
      ink.width - nameColumns - 5,
    );
    const indent = ' '.repeat(nameColumns + 5);
    return [
      ` ${letter} ${guest.name.padEnd(nameColumns)}  ${lines[0] ?? ''}`,
      ...lines.slice(1).map(line => indent + line),
    ];
  });
  return [...guests, ...(guests.length > 0 ? [''] : []), ` ${signLine(ink)}`];
}

/** Puts parts on as few lines as hold them. */
function joined(parts: readonly string[], room: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 3 <= room)
      lines[lines.length - 1] = `${last} · ${part}`;
    else lines.push(part);
  }
  return lines;
}

function cpuWords(guest: MapGuest): string {
  const pinned = pinnedCpus(guest);
  const floating = guest.vcpus.filter(({ size }) => size > 1);
  const area = CpuSet.union(floating).toString();
  // Without thread names (a QEMU that was not asked for them) nobody can tell which are vCPUs.
  if (guest.vcpus.length === 0) return `threads without names on ${guest.emulator.toString()}`;
  if (floating.length === 0) return `${counted(guest.vcpus.length, 'vCPU')} on ${pinned.toString()}`;
  if (pinned.isEmpty)
    return `${counted(floating.length, 'vCPU')} ${floating.length === 1 ? 'floats' : 'float'} on ${area}`;
  return `${counted(pinned.size, 'vCPU')} on ${pinned.toString()}, ${floating.length} float on ${area}`;
}

function emulatorWords(guest: MapGuest, { guests }: MapModel): string {
  const { emulator, vcpus } = guest;
  if (vcpus.length === 0 || emulator.equals(CpuSet.union(vcpus))) return '';
  const pool = poolCpus(guest);
  const isPooled = guests.some(other => other !== guest && !pool.isEmpty && poolCpus(other).equals(pool));
  return `emulator ${isPooled ? SIGNS.pool.sign : ''}${emulator.toString()}`;
}

/** `8 GiB in 2 MiB pages @2-3`: how much of each page size, and on which cells. */
function memoryWords({ memory }: MapGuest): string {
  const sizes = [...new Set(memory.map(({ sizeKiB }) => sizeKiB))];
  return sizes
    .map(sizeKiB => {
      const parts = memory.filter(part => part.sizeKiB === sizeKiB);
      const size = sizeText(parts.reduce((sum, { mib }) => sum + mib, 0));
      const pages = sizeKiB > LARGEST_BASE_PAGE_KIB ? ` in ${pageText(sizeKiB)} pages` : '';
      return `${size}${pages} @${CpuSet.of(parts.map(({ cell }) => cell)).toString()}`;
    })
    .join(', ');
}

function signLine({ marks, letters, colors, names }: LegendInk): string {
  const uses = new Set([...marks.values()].map(({ use }) => use));
  const signs = (Object.keys(SIGNS) as (keyof typeof SIGNS)[])
    .filter(use => uses.has(use))
    .map(use => `${paintMark(SIGNS[use].sign, { use }, { colors, names })} ${SIGNS[use].meaning}`);
  // A CPU that is switched off belongs to no core that the kernel tells of, so it is named here alone.
  const offline = CpuSet.of([...marks].filter(([, { use }]) => use === 'offline').map(([cpu]) => cpu));
  const kept = [...marks.values()].find(mark => mark.use === 'kept-empty');
  const letter = kept !== undefined && 'guest' in kept ? (letters.get(kept.guest) ?? '') : '';
  if (!offline.isEmpty) signs.push(`offline: ${offline.toString()}`);
  return [...signs, ...(kept === undefined ? [] : [`${letter.toLowerCase()} kept empty for ${letter}`])].join(
    '   ',
  );
}
