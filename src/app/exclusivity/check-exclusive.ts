import { groupsAbove } from '../../formats/cgroup/cgroup-file.ts';
import { exclusiveCpus, partitionLeaves, type ExclusiveGuest } from '../../formats/cgroup/partition-leaf.ts';
import { sweepSliceSteps } from '../../formats/cgroup/partition-plan.ts';
import { partitionStateOf } from '../../formats/cgroup/partition-state.ts';
import { groupExists } from '../../formats/cgroup/read-cpuset.ts';
import { applyFences, planFencesFor } from './apply-fences.ts';
import { carryOutSteps } from './carry-out-steps.ts';
import type { ExclusivityInForce, ExclusivityMode, ExclusivityPlace } from './exclusivity.ts';
import { readExclusivityState } from './exclusivity-state.ts';
import { giveBackUnlocked, liveState } from './give-back-exclusive.ts';
import { takeUnlocked } from './take-exclusive.ts';
import { hasPartition } from './take-partition.ts';

/** A guest that is to have its CPUs alone, and how. */
export interface WantedExclusive {
  readonly guest: ExclusiveGuest;
  readonly mode: ExclusivityMode;
  /** Somebody takes its vCPUs to other CPUs in this moment: what it holds is left as it is. */
  readonly underWay?: boolean;
}

/** What is not as it should be, and what was done about it. */
export interface ExclusivityFinding {
  /** null: it belongs to no single guest. */
  readonly vm: string | null;
  /** What was found. */
  readonly sentence: string;
}

/** What a check found, and how things stand after it. */
export interface ExclusivityCheck {
  readonly findings: readonly ExclusivityFinding[];
  /** What is in force now, by VM; as found where nothing was repaired. */
  readonly inForce: Readonly<Record<string, ExclusivityInForce>>;
  /** What the repairs said; empty without them. */
  readonly sentences: readonly string[];
  /** See `ExclusivityReport.repin`. */
  readonly repin: readonly string[];
}

/**
 * Compares what should be in force with what is, for ALL guests of the node that are to have CPUs alone:
 *
 * 1. Guests that hold CPUs and should not: gone ones, and those that are not named here.
 * 2. Exclusive CPUs of a slice that no group below it holds any more.
 * 3. Partitions that are lost or hold other CPUs or threads.
 * 4. Groups that came after the fences, and fences that somebody widened.
 *
 * With `repair` each is put right, in this order; without, nothing is changed.
 */
export async function checkExclusive(
  place: ExclusivityPlace,
  wanted: readonly WantedExclusive[],
  repair: boolean,
): Promise<ExclusivityCheck> {
  const release = await place.lock.acquire();
  try {
    return await check(place, wanted, repair);
  } finally {
    release();
  }
}

async function check(
  place: ExclusivityPlace,
  wanted: readonly WantedExclusive[],
  repair: boolean,
): Promise<ExclusivityCheck> {
  const asFound = readExclusivityState(place.node, place.stateFile);
  const lost = wanted.filter(one => isLost(place, one));
  const strangers = asFound.guests.filter(({ vm }) => !wanted.some(({ guest }) => guest.vm === vm));
  const fences = missingFences(place);
  const findings = [
    ...strangers.map(({ vm, cpus }) => ({
      vm,
      sentence: `CPUs ${cpus} are still kept for VM ${vm}, which does not hold them any more.`,
    })),
    ...staleSlices(place).map(sentence => ({ vm: null, sentence })),
    ...lost.map(one => ({ vm: one.guest.vm, sentence: lossOf(place, one) })),
    ...fences.map(sentence => ({ vm: null, sentence })),
  ];
  const sentences: string[] = [];
  const repin: string[] = [];
  if (repair) {
    for (const stranger of strangers) note(await giveBackUnlocked(place, stranger));
    carryOutSteps(place.node, sweepSliceSteps(place.node.files, slicesOf(place)));
    for (const { guest, mode } of lost) note(await takeUnlocked(place, guest, mode));
    if (fences.length > 0) {
      const state = liveState(place, readExclusivityState(place.node, place.stateFile));
      const outcome = await applyFences(place, state);
      note({
        sentences: outcome.refused.map(problem => `A fence is missing: ${problem}.`),
        repin: outcome.touched,
      });
    }
  }
  return { findings, inForce: inForceNow(place, wanted), sentences, repin: [...new Set(repin)] };

  function note(report: { readonly sentences: readonly string[]; readonly repin: readonly string[] }): void {
    sentences.push(...report.sentences);
    repin.push(...report.repin.filter(group => group.endsWith('.scope')));
  }
}

/** Whether what this guest is to have is not in force; fences themselves are looked at as a whole. */
function isLost(place: ExclusivityPlace, { guest, mode, underWay }: WantedExclusive): boolean {
  if (underWay === true) return false;
  const held = heldBy(place, guest);
  if (mode === 'none' || exclusiveCpus(guest).isEmpty) return held !== undefined;
  if (held?.inForce === 'fence' && mode !== 'partition') return held.cpus !== exclusiveCpus(guest).toString();
  return mode === 'fence' || held === undefined || !hasPartition(place.node, guest);
}

function lossOf(place: ExclusivityPlace, { guest, mode }: WantedExclusive): string {
  const cpus = exclusiveCpus(guest).toString();
  if (mode === 'none')
    return `CPUs ${cpus} of VM ${guest.vm} are kept from others, though the policy says none.`;
  if (heldBy(place, guest)?.inForce !== 'partition')
    return `CPUs ${cpus} of VM ${guest.vm} are not kept from others.`;
  const states = partitionLeaves(place.node.files, guest).map(({ group }) => {
    const state = partitionStateOf(place.node.files, group);
    return state.kind === 'invalid' ? `invalid${state.reason && `: ${state.reason}`}` : state.kind;
  });
  const said = [...new Set(states)].join(', ');
  return `The partition of VM ${guest.vm} does not hold exactly CPUs ${cpus} for its vCPUs any more (the kernel says "${said}").`;
}

function heldBy({ node, stateFile }: ExclusivityPlace, guest: ExclusiveGuest) {
  return readExclusivityState(node, stateFile).guests.find(
    ({ vm, scope }) => vm === guest.vm && scope === guest.scope,
  );
}

function missingFences(place: ExclusivityPlace): string[] {
  const state = liveState(place, readExclusivityState(place.node, place.stateFile));
  return planFencesFor(place.node, state).steps.map(({ group, cpus, lift }) =>
    lift
      ? `The fence around ${group} is not needed any more.`
      : `${group} may run on CPUs that are a guest's alone; it is to be held to CPUs ${cpus}.`,
  );
}

function staleSlices(place: ExclusivityPlace): string[] {
  return sweepSliceSteps(place.node.files, slicesOf(place)).map(
    ({ group }) => `${group} still holds exclusive CPUs that no guest in it has any more.`,
  );
}

/** Slices that guests are born in, and those that hold guests now. */
function slicesOf({ node, stateFile }: ExclusivityPlace): string[] {
  const held = readExclusivityState(node, stateFile).guests.flatMap(({ scope }) => groupsAbove(scope));
  const all = new Set(['/qemu.slice', '/machine.slice', ...held]);
  return [...all].filter(group => groupExists(node.files, group));
}

function inForceNow(
  place: ExclusivityPlace,
  wanted: readonly WantedExclusive[],
): Record<string, ExclusivityInForce> {
  const gaps = missingFences(place).length > 0;
  return Object.fromEntries(
    wanted.map(({ guest }) => {
      const held = heldBy(place, guest)?.inForce ?? 'none';
      if (held === 'fence') return [guest.vm, gaps ? 'none' : 'fence'];
      return [guest.vm, held === 'partition' && hasPartition(place.node, guest) ? 'partition' : 'none'];
    }),
  );
}
