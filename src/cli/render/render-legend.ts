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

/** One line a guest, then one line with the signs that the map uses. */
export function renderLegend(model: MapModel, ink: LegendInk): string[] {
  const nameColumns = Math.max(0, ...ink.names.map(({ length }) => length));
  const guests = model.guests.map(guest => {
    const letter = paintGuest(ink.letters.get(guest.name)!, guest.name, ink);
    const words = wordsOf(guest, model, ink.width - nameColumns - 5);
    return ` ${letter} ${guest.name.padEnd(nameColumns)}  ${words}`;
  });
  return [...guests, ...(guests.length > 0 ? [''] : []), ` ${signLine(ink)}`];
}

/** The longest description that fits: all, without the memory, or the CPUs alone. */
function wordsOf(guest: MapGuest, model: MapModel, room: number): string {
  const parts = [cpuWords(guest), emulatorWords(guest, model), memoryWords(guest)].filter(
    part => part !== '',
  );
  for (let count = parts.length; count > 1; count -= 1) {
    const text = parts.slice(0, count).join(' · ');
    if (text.length <= room) return text;
  }
  return (parts[0] ?? '').slice(0, room);
}

function cpuWords(guest: MapGuest): string {
  const pinned = pinnedCpus(guest);
  const floating = guest.vcpus.filter(({ size }) => size > 1);
  const area = CpuSet.union(floating).toString();
  if (floating.length === 0) return `${count(guest.vcpus.length)} on ${pinned.toString()}`;
  if (pinned.isEmpty)
    return `${count(floating.length)} ${floating.length === 1 ? 'floats' : 'float'} on ${area}`;
  return `${count(pinned.size)} on ${pinned.toString()}, ${floating.length} float on ${area}`;
}

function emulatorWords(guest: MapGuest, model: MapModel): string {
  const pool = poolCpus(guest);
  if (pool.isEmpty) return '';
  const others = model.guests.filter(other => other !== guest && poolCpus(other).equals(pool));
  return `emulator on ${pool.toString()}${others.length > 0 ? ', pooled' : ''}`;
}

function memoryWords({ memory }: MapGuest): string {
  return memory
    .map(
      ({ cell, sizeKiB, mib }) =>
        `${sizeText(mib)}${sizeKiB > 64 ? ` in ${pageText(sizeKiB)} pages` : ''} @${cell}`,
    )
    .join(', ');
}

function count(vcpus: number): string {
  return vcpus === 1 ? '1 vCPU' : `${vcpus} vCPUs`;
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
