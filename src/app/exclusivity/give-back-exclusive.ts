import { groupExists } from '../../formats/cgroup/read-cpuset.ts';
import { applyFences } from './apply-fences.ts';
import type { ExclusivityPlace, ExclusivityReport } from './exclusivity.ts';
import { readExclusivityState, type ExclusivityState } from './exclusivity-state.ts';
import { dissolvePartition } from './take-partition.ts';

/**
 * Gives the CPUs of a guest back to everybody: on its stop, when its scope is gone and only the slice above still holds
 * them, and while it runs, before its vCPUs are moved to other CPUs. What other guests hold stays in force. Running it
 * twice, or for a guest that has nothing, changes nothing.
 */
export async function giveBackExclusive(
  place: ExclusivityPlace,
  guest: { readonly vm: string; readonly scope: string },
): Promise<ExclusivityReport> {
  const release = await place.lock.acquire();
  try {
    return await giveBackUnlocked(place, guest);
  } finally {
    release();
  }
}

/** The same for who holds the lock. */
export async function giveBackUnlocked(
  place: ExclusivityPlace,
  guest: { readonly vm: string; readonly scope: string },
): Promise<ExclusivityReport> {
  const { node, stateFile } = place;
  const refused = dissolvePartition(node, guest.scope);
  const state = liveState(place, readExclusivityState(node, stateFile));
  const guests = state.guests.filter(({ vm, scope }) => vm !== guest.vm && scope !== guest.scope);
  const fences = await applyFences(place, { ...state, guests });
  const problems = [...(refused === null ? [] : [refused]), ...fences.refused];
  return {
    inForce: 'none',
    sentences: problems.map(
      problem => `Not all that kept others off the CPUs of VM ${guest.vm} could be undone: ${problem}.`,
    ),
    repin: fences.touched.filter(group => group.endsWith('.scope')),
  };
}

/** Without the guests whose scopes are gone. */
export function liveState({ node }: ExclusivityPlace, state: ExclusivityState): ExclusivityState {
  return {
    guests: state.guests.filter(({ scope }) => groupExists(node.files, scope)),
    fences: state.fences,
  };
}
