import { say } from '../kit/say.ts';
import type { Steps } from '../kit/steps.ts';
import type { PlayerSettings, ScenarioOutcome } from '../player/play.ts';
import { joinOutcomes, scenariosWithReboot } from '../player/suite.ts';
import type { HostName } from '../scenarios/scenario.ts';
import { playInside } from './deliver.ts';
import { consoleTail, machineRuns, rebootMachine, type Machine } from './machine.ts';
import type { Profile } from './profile.ts';

/** A machine that is up, with Pinfold and the player on it. */
export interface PlayedMachine {
  readonly profile: Profile;
  readonly machine: Machine;
  readonly steps: Steps;
  /** The bundle of the scenarios. */
  readonly player: string;
}

/** Plays these scenarios; the machine is rebooted once they are, when one of them wants to see that. */
export async function playPiece(
  played: PlayedMachine,
  names: readonly string[],
): Promise<readonly ScenarioOutcome[]> {
  const { profile, machine, steps, player } = played;
  // What is to meet the reboot must not be cleared away by those that come behind it.
  const rebooting = scenariosWithReboot(player, names);
  const inOrder = [...names.filter(name => !rebooting.includes(name)), ...rebooting];
  const outcomes = await steps.step(`play ${inOrder.join(', ')}`, () =>
    playOn(profile, machine, { scenarios: inOrder, damage: null, half: 'first' }),
  );
  const rebooted = rebooting.filter(name => outcomes.some(one => one.name === name && one.passed));
  if (rebooted.length === 0) return outcomes;
  await steps.step(`reboot ${profile.name}`, () => rebootMachine(machine, profile));
  const after = await playOn(profile, machine, { scenarios: rebooted, damage: null, half: 'after-reboot' });
  // Without the other half it has not passed.
  return joinOutcomes(outcomes, after).filter(
    ({ name }) => !rebooted.includes(name) || after.some(one => one.name === name),
  );
}

/** Plays on the machine; says what its console says when the player did not come to its end. */
export async function playOn(
  profile: Profile,
  machine: Machine,
  what: Pick<PlayerSettings, 'scenarios' | 'damage' | 'half'>,
): Promise<ScenarioOutcome[]> {
  const outcomes = await playInside(machine, profile.quickNode, {
    host: profile.name as HostName,
    domainType: profile.guests,
    ...what,
  });
  if (outcomes.length < what.scenarios.length) {
    const state = machineRuns(machine) ? 'runs' : 'is gone';
    say(`  The player did not come to its end; QEMU ${state}. Console:`);
    say(consoleTail(machine));
  }
  return outcomes;
}
