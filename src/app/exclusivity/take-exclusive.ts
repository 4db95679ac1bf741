import { counted } from '../../domain/counted.ts';
import { exclusiveCpus, type ExclusiveGuest } from '../../formats/cgroup/partition-leaf.ts';
import { applyFences } from './apply-fences.ts';
import type { ExclusivityMode, ExclusivityPlace, ExclusivityReport } from './exclusivity.ts';
import { readExclusivityState, type HeldGuest } from './exclusivity-state.ts';
import { giveBackUnlocked, liveState } from './give-back-exclusive.ts';
import { dissolvePartition, takePartition } from './take-partition.ts';

/**
 * Makes the CPUs of a guest's dedicated vCPUs theirs alone, by the strongest means that the mode allows and that works
 * here. The guest's threads must be pinned already: their masks are not touched, so that a partition that is lost
 * later loses no placement. Calling it again with other CPUs changes what is in force; a vCPU that has to leave its CPUs
 * needs `giveBackExclusive` first, because a thread cannot be pinned outside its partition (EINVAL).
 */
export async function takeExclusive(
  place: ExclusivityPlace,
  guest: ExclusiveGuest,
  mode: ExclusivityMode,
): Promise<ExclusivityReport> {
  const release = await place.lock.acquire();
  try {
    return await takeUnlocked(place, guest, mode);
  } finally {
    release();
  }
}

/** The same for who holds the lock. */
export async function takeUnlocked(
  place: ExclusivityPlace,
  guest: ExclusiveGuest,
  mode: ExclusivityMode,
): Promise<ExclusivityReport> {
  if (mode === 'none' || exclusiveCpus(guest).isEmpty) return giveBackUnlocked(place, guest);
  if (mode === 'fence') dissolvePartition(place.node, guest.scope);
  const reason = mode === 'fence' ? null : takePartition(place.node, guest);
  if (mode !== 'fence' && reason === null) return inPartition(place, guest);
  if (mode === 'partition') {
    const { repin } = await giveBackUnlocked(place, guest);
    const sentence = `Others may run on CPUs ${exclusiveCpus(guest).toString()} of VM ${guest.vm}: the policy asks for a partition and nothing else, but ${reason!}.`;
    return { inForce: 'none', sentences: [sentence], repin };
  }
  return behindFences(place, guest, reason);
}

async function inPartition(place: ExclusivityPlace, guest: ExclusiveGuest): Promise<ExclusivityReport> {
  const { refused, repin } = await remember(place, guest, 'partition');
  const cpus = exclusiveCpus(guest).toString();
  return {
    inForce: 'partition',
    sentences: [
      `CPUs ${cpus} belong to the vCPUs of VM ${guest.vm} alone: the kernel withholds them from everything else (partition).`,
      ...refused.map(problem => `An older fence is still there: ${problem}.`),
    ],
    repin,
  };
}

async function behindFences(
  place: ExclusivityPlace,
  guest: ExclusiveGuest,
  reason: string | null,
): Promise<ExclusivityReport> {
  const { fences, refused, repin } = await remember(place, guest, 'fence');
  const cpus = exclusiveCpus(guest).toString();
  const because = reason === null ? '' : `; no partition, because ${reason}`;
  if (refused.length === 0)
    return {
      inForce: 'fence',
      sentences: [
        `CPUs ${cpus} are kept for VM ${guest.vm} by fences: ${counted(fences, 'other group')} of processes may not run there${because}.`,
      ],
      repin,
    };
  const sentence = `Others may run on CPUs ${cpus} of VM ${guest.vm}: ${refused.join('; ')}${because}.`;
  return { inForce: 'none', sentences: [sentence], repin };
}

async function remember(
  place: ExclusivityPlace,
  guest: ExclusiveGuest,
  inForce: HeldGuest['inForce'],
): Promise<{
  readonly fences: number;
  readonly refused: readonly string[];
  readonly repin: readonly string[];
}> {
  const state = liveState(place, readExclusivityState(place.node, place.stateFile));
  const held: HeldGuest = {
    vm: guest.vm,
    scope: guest.scope,
    cpus: exclusiveCpus(guest).toString(),
    inForce,
  };
  const others = state.guests.filter(({ vm, scope }) => vm !== guest.vm && scope !== guest.scope);
  const outcome = await applyFences(place, { ...state, guests: [...others, held] });
  return {
    fences: outcome.fences.length,
    refused: outcome.refused,
    repin: outcome.touched.filter(group => group.endsWith('.scope')),
  };
}
