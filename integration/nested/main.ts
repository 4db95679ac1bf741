/**
 * Nested hosts: `npm run nested -- up | ssh [COMMAND] | run [SCENARIO…] | broken | down`, each with `--profile NAME`,
 * and `npm run test:nested` (`main.ts test`), which plays every scenario of the tree on every profile. Needs root.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installPackages } from '../kit/apt.ts';
import { cleanUp } from '../kit/clean-ups.ts';
import { mustRun } from '../kit/run-program.ts';
import { inVoice, say } from '../kit/say.ts';
import { Steps } from '../kit/steps.ts';
import { workFolder } from '../kit/work-folder.ts';
import { bundlePlayer, bundleQm } from '../player/bundle-player.ts';
import { copyDelivery } from '../player/delivery.ts';
import type { Damage } from '../player/damage.ts';
import { playNewcomer, tallyOf } from '../newcomer/trial.ts';
import type { ScenarioOutcome } from '../player/play.ts';
import { isGood, queueFacts, report, scenariosFor, type Tally } from '../player/suite.ts';
import type { HostName } from '../scenarios/scenario.ts';
import { deliver } from './deliver.ts';
import { HOST_PACKAGES } from './host-packages.ts';
import { imageFor } from './image.ts';
import { letStay, startMachine, stopMachine, type Machine } from './machine.ts';
import { machinesAtATime } from './machines-at-a-time.ts';
import { forgetMachine, rememberedMachine, rememberMachine } from './machine-that-is-up.ts';
import { playOn, playPiece, type PlayedMachine } from './play-piece.ts';
import { playQueue } from './play-queue.ts';
import type { Profile } from './profile.ts';
import { profileNamed, PROFILES } from './profiles/index.ts';
import { qemuFor } from './qemu-program.ts';
import { sameTopology } from './same-topology.ts';
import { ScenarioQueue } from './scenario-queue.ts';
import { sideBySide, type SharedWork } from './side-by-side.ts';
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
  if (running === null) await installHostPackages();
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
  const atATime = machinesAtATime();
  say(`Machines side by side: ${atATime}`);
  const parts = await Promise.all(PROFILES.map(profile => partOf(profile, atATime)));
  const troubles = await sideBySide(parts, atATime);
  const lines = parts.map(part => {
    const { passed, failed } = part.tally();
    const trouble = troubles.get(part.name);
    if (trouble !== undefined) say(`${part.name}: ${trouble}`);
    // One profile that does not come up must not hide what becomes of the others.
    const bad = trouble === undefined && isGood({ passed, failed }) ? 0 : Math.max(1, failed);
    return { name: part.name, passed, bad, seconds: part.seconds() };
  });
  say('\n  profile          passed failed machine seconds');
  for (const { name, passed, bad, seconds } of lines)
    say(
      `  ${name.padEnd(16)} ${String(passed).padStart(6)} ${String(bad).padStart(6)} ${seconds.toFixed(0).padStart(15)}`,
    );
  const sum = (of: (line: (typeof lines)[number]) => number) =>
    lines.reduce((all, line) => all + of(line), 0);
  say(`${sum(({ passed }) => passed)} passed, ${sum(({ bad }) => bad)} failed`);
  return sum(({ bad }) => bad) === 0 ? 0 : 1;
}

/** What the suite does on one profile, and what came of it; several machines share its scenarios. */
async function partOf(
  profile: Profile,
  atATime: number,
): Promise<SharedWork & { tally(): Tally; seconds(): number }> {
  const voice = (machine: number) => `[${profile.name}${machine === 1 ? '' : ` ${machine}`}]`;
  let [seconds, machines] = [0, 0];
  const timed = async (work: () => Promise<void>): Promise<void> => {
    const start = Date.now();
    machines += 1;
    await inVoice(voice(machines), work).finally(() => (seconds += (Date.now() - start) / 1000));
  };
  let tally: Tally = { passed: 0, failed: 0 };
  if (profile.plays === 'newcomer')
    return {
      name: profile.name,
      left: () => 0,
      seconds: () => seconds,
      tally: () => tally,
      work: () => timed(async () => void (tally = await newcomer(profile))),
    };
  const { player } = await prepared();
  const wanted = scenariosFor(CHECKOUT, player, profile.name as HostName);
  const outcomes: ScenarioOutcome[] = [];
  const queue = new ScenarioQueue(queueFacts(player, wanted));
  const playShare = (mayBeUp: boolean): Promise<void> =>
    playQueue<PlayedMachine>(
      queue,
      { withMachine: (work, up) => withMachine(profile, work, up), playPiece },
      { machines: atATime, mayBeUp, hear: piece => outcomes.push(...piece) },
    );
  return {
    name: profile.name,
    left: () => queue.left,
    seconds: () => seconds,
    tally: () => report(wanted, outcomes),
    work: isFirst => timed(() => playShare(isFirst)),
  };
}

/** Plays these scenarios, or all for this profile. */
async function play(profile: Profile, asked: readonly string[]): Promise<Tally> {
  if (profile.plays === 'newcomer') {
    if (asked.length > 0) throw new Error(`No scenario is played on ${profile.name}.`);
    return newcomer(profile);
  }
  return withMachine(profile, async played => {
    const wanted = asked.length === 0 ? played.scenarios : asked;
    return report(wanted, await playPiece(played, wanted));
  });
}

/** Does what INSTALL.md tells a newcomer; the transcript is kept. */
async function newcomer(profile: Profile): Promise<Tally> {
  return withMachine(profile, async ({ steps, machine, folder }) => {
    const transcript = join(CHECKOUT, 'ci-output/newcomer.txt');
    const findings = await steps.step("type INSTALL.md's commands into the fresh node", () =>
      playNewcomer({ checkout: CHECKOUT, machine, folder, transcript }),
    );
    return tallyOf(findings, transcript);
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
  if (profile.plays !== 'scenarios') throw new Error(`No scenario is played on ${profile.name}.`);
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

/** What every machine of this run gets, made once. */
let made: Promise<{ readonly folder: string; readonly player: string }> | undefined;
function prepared(): NonNullable<typeof made> {
  made ??= prepare();
  return made;
}

async function installHostPackages(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('Building a host image needs root.');
  await new Steps().step('install what builds and boots a host from Debian', () =>
    installPackages(HOST_PACKAGES),
  );
}

async function prepare(): NonNullable<typeof made> {
  const steps = new Steps();
  await installHostPackages();
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
  return { folder, player };
}

/**
 * Does this with the machine that is up, or with one for this run only, once Pinfold and the player are on it.
 * `isFirst`: the profile's first in this run; its topologies are compared. Any other is a machine of its own, because somebody works with
 * the one that is up.
 */
async function withMachine<T>(
  profile: Profile,
  work: (
    stage: PlayedMachine & {
      readonly scenarios: readonly string[];
      /** Of this run: delivery/ and more. */
      readonly folder: string;
    },
  ) => Promise<T>,
  isFirst = true,
): Promise<T> {
  const { folder, player } = await prepared();
  const steps = new Steps();
  say(`\nintegration/nested, ${profile.name}: ${profile.about}`);
  const scenarios =
    profile.plays === 'scenarios' ? scenariosFor(CHECKOUT, player, profile.name as HostName) : [];
  const remembered = isFirst ? rememberedMachine(profile.name) : null;
  const machine = remembered ?? (await start(profile, steps, false));
  try {
    // A newcomer's node has no Node.js that could play anything.
    if (profile.plays === 'scenarios') {
      await steps.step('bring Pinfold and the scenarios in', () => deliver(machine, folder));
      if (isFirst) await steps.step('read the same topology over SSH as inside', () => sameTopology(machine));
    }
    return await work({ profile, scenarios, steps, machine, folder, player });
  } finally {
    if (remembered === null) stopMachine(machine);
  }
}

async function start(profile: Profile, steps: Steps, staysAfterUs: boolean): Promise<Machine> {
  const source = join(CHECKOUT, 'integration/nested/image');
  const image = await steps.step(`image of ${profile.image.suite}`, () => imageFor(profile, source));
  const keeper = PROFILES.find(one => one.image.keepsQemu)!;
  const qemu = await qemuFor(() => imageFor(keeper, source));
  return startMachine(profile, image, { qemu, steps, staysAfterUs });
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
