import { counted } from '../../domain/counted.ts';
import type { CpuMark } from './cpu-marks.ts';
import { floatingMasks, type Ground, poolCpus } from './guest-cpus.ts';
import type { MapGuest, MapModel } from './map-model.ts';
import type { CpuTip } from './map-picture.ts';
import { visibleName } from './visible-name.ts';

/** Where a CPU stands. */
export interface CpuPlace {
  readonly cpu: number;
  /** `core 20,52`, `cell 2`, `socket 1`, outwards; what is not known is left out. */
  readonly within: readonly string[];
  /** The other threads of its core. */
  readonly siblings: readonly number[];
}

/** Names that are listed before the rest is counted. */
const NAMED = 6;

/** Writes what pointing at a CPU tells: where it is, who has it, and why. */
export function cpuTips(model: MapModel, ground: Ground): (place: CpuPlace, mark: CpuMark) => CpuTip {
  const floating = model.guests.map(guest => ({ name: guest.name, masks: floatingMasks(guest, ground) }));
  const floatersOn = (cpu: number) =>
    floating.filter(({ masks }) => masks.some(mask => mask.has(cpu))).map(({ name }) => name);
  return (place, mark) => ({
    place: [`CPU ${place.cpu}`, ...place.within].join(' · '),
    ...story(model, { place, mark, floaters: floatersOn(place.cpu) }),
  });
}

interface Scene {
  readonly place: CpuPlace;
  readonly mark: CpuMark;
  /** Guests whose vCPUs may run here without having it for their own. */
  readonly floaters: readonly string[];
}

function story(model: MapModel, { place, mark, floaters }: Scene): Pick<CpuTip, 'owner' | 'reason'> {
  const { cpu, siblings } = place;
  switch (mark.use) {
    case 'vcpu':
      return { owner: visibleName(mark.guest), reason: vcpuReason(model, mark.guest, cpu) };
    case 'iothread':
      return {
        owner: visibleName(mark.guest),
        reason: 'One of its iothreads, which carry its disks, runs here alone.',
      };
    case 'kept-empty':
      return {
        owner: `kept empty for ${visibleName(mark.guest)}`,
        reason: `${visibleName(mark.guest)} asked for whole cores of its own: it runs on ${counted(siblings.length, 'other thread')} of this core (CPU ${siblings.join(', ')}), so this one stays idle.`,
      };
    case 'pool':
      return { owner: 'emulator threads', reason: poolReason(model.guests, cpu) };
    case 'contended':
      return {
        owner: 'two guests',
        reason: `vCPUs of ${names(mark.guests)} are pinned to this one CPU, so they wait for each other. Pinfold never places so.`,
      };
    case 'shared':
      return {
        owner: 'shared',
        reason: `Kept for guests without CPUs of their own. ${floatersReason(floaters)}`,
      };
    case 'host':
      return {
        owner: 'the host',
        reason: "Kept for the host's own work: it is in none of the operator's sets for guests.",
      };
    case 'free':
      return {
        owner: 'free',
        reason: `No guest has it for its own; the next one can. ${floatersReason(floaters)}`,
      };
    case 'offline':
      return { owner: 'offline', reason: 'Switched off: nothing runs here.' };
  }
}

function vcpuReason({ guests }: MapModel, name: string, cpu: number): string {
  const guest = guests.find(other => other.name === name)!;
  if (guest.source === 'lease')
    return 'It is being started, and this CPU is held for it until its threads run.';
  if (guest.source === 'claim') return 'It holds this CPU: no other guest is placed here.';
  const vcpus = guest.vcpus.flatMap((mask, index) => (mask.has(cpu) ? [index] : []));
  const who = vcpus.length === 1 ? `Its vCPU ${vcpus[0]!} is` : `Its vCPUs ${vcpus.join(', ')} are`;
  const alone = vcpus.some(vcpu => guest.vcpus[vcpu]!.size === 1);
  return `${who} bound to ${alone ? 'this CPU' : 'a list of CPUs with this one'} and to no other.`;
}

function poolReason(guests: readonly MapGuest[], cpu: number): string {
  const users = guests.filter(guest => poolCpus(guest).has(cpu)).map(({ name }) => name);
  const what = "the helper threads of a guest (disks, screen, timers) that must not disturb guests' own CPUs";
  if (users.length === 0) return `Set aside by the operator for ${what}. Nobody uses it now.`;
  return `It carries those of ${names(users)}: ${what}.`;
}

function floatersReason(floaters: readonly string[]): string {
  return floaters.length === 0
    ? 'Nobody runs here now.'
    : `${names(floaters)} may run here whenever there is time.`;
}

/** `a, b and c`; after six names the others are counted. */
function names(all: readonly string[]): string {
  const shown = all.slice(0, NAMED).map(visibleName);
  const rest = all.length - shown.length;
  const list = rest > 0 ? [...shown, counted(rest, 'other')] : shown;
  return list.length < 2 ? (list[0] ?? '') : `${list.slice(0, -1).join(', ')} and ${list.at(-1)!}`;
}
