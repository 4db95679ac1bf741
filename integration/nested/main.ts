/**
 * Nested hosts: `npm run nested -- up | ssh [COMMAND] | run [SCENARIO…] | broken | down`, each with `--profile NAME`,
 * and `npm run test:nested` (`main.ts test`), which plays every scenario of the tree on every profile. Needs root.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installPackages } from '../kit/apt.ts';
import { cleanUp } from '../kit/clean-ups.ts';
import { mustRun } from '../kit/run-program.ts';
import { Steps } from '../kit/steps.ts';
import { workFolder } from '../kit/work-folder.ts';
import { bundlePlayer, bundleQm } from '../player/bundle-player.ts';
import { copyDelivery } from '../player/delivery.ts';
import type { Damage } from '../player/damage.ts';
import type { PlayerSettings, ScenarioOutcome } from '../player/play.ts';
import {
  isGood,
  joinOutcomes,
  report,
  scenariosFor,
  scenariosWithReboot,
  type Tally,
} from '../player/suite.ts';
import type { HostName } from '../scenarios/scenario.ts';
import { deliver, playInside } from './deliver.ts';
import { HOST_PACKAGES } from './host-packages.ts';
import { imageFor } from './image.ts';
import {
  consoleTail,
  letStay,
  machineRuns,
  rebootMachine,
  startMachine,
  stopMachine,
  type Machine,
} from './machine.ts';
import { forgetMachine, rememberedMachine, rememberMachine } from './machine-that-is-up.ts';
import type { Profile } from './profile.ts';
import { profileNamed, PROFILES } from './profiles/index.ts';
import { sameTopology } from './same-topology.ts';
import { interactiveSsh } from './ssh.ts';

const CHECKOUT = process.env['PINFOLD_CHECKOUT'] ?? process.cwd();
const USAGE =
  'Usage: npm run nested -- up | ssh [COMMAND] | run [SCENARIO…] | broken | down   [--profile NAME]';

async function main(words: readonly string[]): Promise<number> {
  const at = words.indexOf('--profile');
  const profile = at < 0 ? PROFILES[0]! : profileNamed(words[at + 1] ?? '');
  const [verb, ...rest] = at < 0 ? words : words.filter((_, index) => index !== at && index !== at + 1);
  switch (verb ?? '') {
    case 'up':
      return up(profile);
    case 'ssh':
      return ssh(profile, rest);
    case 'run':
      return isGood(await play(profile, rest)) ? 0 : 1;
    case 'broken':
      return (await broken(profile)) ? 0 : 1;
    case 'down':
      return down(profile);
    case 'test':
      return test();
    default:
      process.stdout.write(`${USAGE}\nProfiles:\n`);
      for (const { name, about } of PROFILES) process.stdout.write(`  ${name.padEnd(16)} ${about}\n`);
      return 2;
  }
}

async function up(profile: Profile): Promise<number> {
  const running = rememberedMachine(profile.name);
  const machine = running ?? (await start(profile, new Steps(), true));
  rememberMachine(machine);
  letStay(machine);
  process.stdout.write(
    `${profile.name} is up. Look inside: npm run nested -- ssh. End it: npm run nested -- down.\n`,
  );
  return 0;
}

function ssh(profile: Profile, command: readonly string[]): number {
  const machine = rememberedMachine(profile.name);
  if (machine === null)
    throw new Error(`${profile.name} is not up: npm run nested -- up --profile ${profile.name}`);
  const [program, ...args] = interactiveSsh(machine.ssh);
  const terminal = command.length === 0 ? ['-t'] : [];
  const end = spawnSync(program!, [...terminal, ...args, ...command], { stdio: 'inherit' });
  return end.status ?? 1;
}

function down(profile: Profile): number {
  const machine = rememberedMachine(profile.name);
  if (machine !== null) stopMachine(machine);
  forgetMachine(profile.name);
  process.stdout.write(machine === null ? `${profile.name} was not up.\n` : `${profile.name} is down.\n`);
  return 0;
}

async function test(): Promise<number> {
  const lines: string[] = [];
  let [passed, failed] = [0, 0];
  for (const profile of PROFILES) {
    const start = Date.now();
    // One profile that does not come up must not hide what becomes of the others.
    const tally = await play(profile, []).catch((error: unknown) => {
      process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return { passed: 0, failed: 1 };
    });
    passed += tally.passed;
    failed += isGood(tally) ? 0 : Math.max(1, tally.failed);
    const seconds = Math.round((Date.now() - start) / 1000);
    lines.push(
      `  ${profile.name.padEnd(16)} ${String(tally.passed).padStart(6)} ${String(tally.failed).padStart(6)} ${String(seconds).padStart(7)}`,
    );
  }
  process.stdout.write(`\n  profile          passed failed seconds\n${lines.join('\n')}\n`);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** Plays these scenarios, or all for this profile. */
async function play(profile: Profile, asked: readonly string[]): Promise<Tally> {
  return withMachine(profile, async ({ scenarios, steps, machine, player }) => {
    const all = asked.length === 0 ? scenarios : asked;
    // What is to meet the reboot must not be cleared away by those that come behind it.
    const rebooting = scenariosWithReboot(player, all);
    const wanted = [...all.filter(name => !rebooting.includes(name)), ...rebooting];
    const outcomes = await steps.step(`play ${profile.name}'s scenarios`, () =>
      playOn(profile, machine, { scenarios: wanted, damage: null, half: 'first' }),
    );
    const rebooted = rebooting.filter(name =>
      outcomes.some(outcome => outcome.name === name && outcome.passed),
    );
    if (rebooted.length === 0) return report(wanted, outcomes);
    await steps.step(`reboot ${profile.name}`, () => rebootMachine(machine, profile));
    const after = await playOn(profile, machine, { scenarios: rebooted, damage: null, half: 'after-reboot' });
    return report(wanted, joinOutcomes(outcomes, after));
  });
}

/** What is broken on purpose, and the scenario that must fail of it. */
const BROKEN: readonly (readonly [Damage, string])[] = [
  ['vcpu', 'dedicated-isolate'],
  ['emulator', 'dedicated-isolate'],
  ['memory', 'memory-moves-live'],
  ['nudge', 'proxmox-two-cells'],
];

/**
 * The suite's test of itself: plays real scenarios while something is broken in every guest as soon as it runs. True
 * when each of them failed by a check, whose sentence is printed.
 */
async function broken(profile: Profile): Promise<boolean> {
  return withMachine(profile, async ({ machine }) => {
    const verdicts: string[] = [];
    let good = true;
    for (const [damage, scenario] of BROKEN) {
      const [outcome] = await playOn(profile, machine, { scenarios: [scenario], damage, half: 'first' });
      const noticed = outcome !== undefined && !outcome.passed && outcome.failure.includes('it must be');
      good &&= noticed;
      const saw = outcome?.failure === '' ? 'it passed all the same' : (outcome?.failure ?? 'it did not run');
      verdicts.push(`  ${damage.padEnd(9)} ${scenario.padEnd(26)} ${noticed ? 'noticed' : 'MISSED'}: ${saw}`);
    }
    process.stdout.write(
      `\n  broken    scenario                   what the suite says\n${verdicts.join('\n')}\n`,
    );
    process.stdout.write(`The checks ${good ? 'notice' : 'DO NOT NOTICE'} what is broken on purpose.\n`);
    return good;
  });
}

async function playOn(
  profile: Profile,
  machine: Machine,
  what: Pick<PlayerSettings, 'scenarios' | 'damage' | 'half'>,
): Promise<ScenarioOutcome[]> {
  const outcomes = await playInside(machine, {
    host: profile.name as HostName,
    domainType: profile.guests,
    ...what,
  });
  if (outcomes.length < what.scenarios.length) {
    const state = machineRuns(machine) ? 'runs' : 'is gone';
    process.stdout.write(`  The player did not come to its end; QEMU ${state}. Console:\n`);
    process.stdout.write(`${consoleTail(machine)}\n`);
  }
  return outcomes;
}

/** Does this with the machine that is up, or with one for this run only, once Pinfold and the player are on it. */
async function withMachine<T>(
  profile: Profile,
  work: (stage: {
    readonly scenarios: readonly string[];
    readonly steps: Steps;
    readonly machine: Machine;
    /** The bundle of the scenarios. */
    readonly player: string;
  }) => Promise<T>,
): Promise<T> {
  const steps = new Steps();
  process.stdout.write(`\nintegration/nested, ${profile.name}: ${profile.about}\n`);
  const folder = workFolder('nested-suite');
  copyDelivery(CHECKOUT, join(folder, 'delivery'));
  const player = join(folder, 'player.cjs');
  await steps.step('bundle the scenarios', () => bundlePlayer(CHECKOUT, player));
  await bundleQm(CHECKOUT, join(folder, 'delivery/integration/proxmox/qm.cjs'));
  await steps.step('build the Debian package', () =>
    mustRun([process.execPath, join(CHECKOUT, 'scripts/deb.mjs'), join(folder, 'delivery/package')], {
      timeoutMs: 120_000,
    }),
  );
  const scenarios = scenariosFor(CHECKOUT, player, profile.name as HostName);
  const remembered = rememberedMachine(profile.name);
  const machine = remembered ?? (await start(profile, steps, false));
  try {
    await steps.step('bring Pinfold and the scenarios in', () => deliver(machine, folder));
    await steps.step('read the same topology over SSH as inside', () => sameTopology(machine));
    return await work({ scenarios, steps, machine, player });
  } finally {
    if (remembered === null) stopMachine(machine);
  }
}

async function start(profile: Profile, steps: Steps, staysAfterUs: boolean): Promise<Machine> {
  if (process.getuid?.() !== 0) throw new Error('Building a host image needs root.');
  await steps.step('install what builds and boots a host from Debian', () => installPackages(HOST_PACKAGES));
  const source = join(CHECKOUT, 'integration/nested/image');
  const image = await steps.step(`image of ${profile.image.suite}`, () => imageFor(profile, source));
  return startMachine(profile, image, { steps, staysAfterUs });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    cleanUp();
    process.exit(130);
  });

main(process.argv.slice(2))
  .then(code => {
    cleanUp();
    process.exitCode = code;
  })
  .catch((error: unknown) => {
    cleanUp();
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (process.argv[2] === 'test') process.stdout.write('0 passed, 1 failed\n');
    process.exitCode = 1;
  });
