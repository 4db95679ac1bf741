import { counted } from '../domain/counted.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Placement } from '../domain/decision.ts';
import type { HostModel } from './host-model.ts';
import type { Placed } from './place.ts';
import { costParts } from './score.ts';
import type { Found } from './search.ts';

/** What decided, in words: the choice and its runner-up, shape, emulator, and what of the request was not used. */
export function why(model: HostModel, placed: Placed, placement: Placement): string[] {
  const { spec } = placed.guest;
  const reasons = [choice(model, placed)];
  if (spec.autoCells && spec.cells.length > 1)
    reasons.push(
      `The guest was split into ${spec.cells.length} guest cells: fewer do not fit any host cell now (pinfold:auto_numa).`,
    );
  const emulator = emulatorReason(model, placed, placement);
  if (emulator !== null) reasons.push(emulator);
  return spec.notes.length === 0 ? reasons : [...reasons, ...spec.notes];
}

function choice(model: HostModel, { found, runnerUp, guest }: Placed): string {
  const chosen = cellNames(model, found.hosts);
  if (runnerUp !== null) {
    const same = [...runnerUp.hosts].sort().join() === [...found.hosts].sort().join();
    if (!same)
      return `${chosen} chosen over ${cellNames(model, runnerUp.hosts).toLowerCase()}: ${difference(found, runnerUp, guest.wish.pack)}.`;
  }
  if (found.hosts.length === model.cells.length)
    return found.hosts.length === 1
      ? `${chosen} is the only one.`
      : `All ${found.hosts.length} host cells are needed for ${counted(guest.cells.length, 'guest cell')}.`;
  if (found.hosts.length === 1) return `${chosen} is the only one that fits.`;
  return `${chosen} ${guest.wish.pack ? 'leave the largest holes elsewhere' : 'have the lowest load'} of all host cells that fit.`;
}

function difference(best: Found, next: Found, pack: boolean): string {
  if (best.deviceDistance !== next.deviceDistance)
    return `its devices are nearer (distance ${best.deviceDistance} against ${next.deviceDistance})`;
  if (best.span !== next.span)
    return `its cells are nearer to each other (distances ${best.span} against ${next.span})`;
  if (best.hosts.length > 1) return 'it costs fewer broken cores and holes';
  const [ours, theirs] = [costParts(best.cost, pack), costParts(next.cost, pack)];
  if (ours.newPoolCpu !== theirs.newPoolCpu) return 'it has an emulator pool CPU with room';
  if (ours.balance !== theirs.balance)
    return `its load, the larger share of CPUs and memory, is lower (${percent(ours.balance)} against ${percent(theirs.balance)} afterwards)`;
  if (ours.domains !== theirs.domains)
    return `fewer cache domains are spanned (${ours.domains} against ${theirs.domains})`;
  if (ours.memory !== theirs.memory)
    return `less of its memory is in use (${percent(ours.memory)} against ${percent(theirs.memory)} afterwards)`;
  if (ours.guests !== theirs.guests)
    return `more guests run there, so that one leaves sooner (${ours.guests} against ${theirs.guests})`;
  if (ours.brokenCores !== theirs.brokenCores)
    return `fewer whole cores are broken (${ours.brokenCores} against ${theirs.brokenCores})`;
  if (ours.hole !== theirs.hole)
    return `it keeps the larger hole elsewhere (${counted(ours.hole, 'CPU')} left here, ${theirs.hole} there)`;
  return best.cost - next.cost > -128
    ? 'both are equal, the lowest number wins'
    : 'it spares devices for guests that need them';
}

function percent(permille: number): string {
  return `${permille / 10} %`;
}

function emulatorReason(model: HostModel, { guest }: Placed, { emulator }: Placement): string | null {
  if (guest.spec.emulator === 'share') {
    if (model.policy.emulatorShared === null)
      return 'The emulator threads float over the guest’s own CPUs, because the node has no cpu_shared_set.';
    return null;
  }
  if (guest.spec.emulator !== 'isolate') return null;
  const cpu = Number(emulator.cpus);
  const guests = model.usage.poolCpus.get(cpu)?.guests ?? 0;
  if (guests > 0)
    return `CPU ${cpu} carries the emulator threads of ${guests + 1} guests, of ${Math.floor(model.policy.emulatorRatio)} that it may.`;
  return model.policy.emulatorRatio > 1
    ? `CPU ${cpu} becomes an emulator pool CPU for up to ${counted(Math.floor(model.policy.emulatorRatio), 'guest')}.`
    : null;
}

/** `Host cell 3` or `Host cells 0-1,4`, ascending. */
function cellNames(model: HostModel, hosts: readonly number[]): string {
  if (hosts.length === 1) return `Host cell ${model.cells[hosts[0]!]!.id}`;
  return `Host cells ${CpuSet.of(hosts.map(host => model.cells[host]!.id)).toString()}`;
}
