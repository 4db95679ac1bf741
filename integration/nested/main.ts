/**
 * Nested hosts: `npm run nested -- up | ssh [COMMAND] | run [SCENARIO…] | down`, each with `--profile NAME`, and
 * `npm run test:nested` (`main.ts test`), which plays every scenario of the tree on every profile. Needs root.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { installPackages } from '../kit/apt.ts';
import { Steps } from '../kit/steps.ts';
import { workFolder } from '../kit/work-folder.ts';
import { bundlePlayer } from '../player/bundle-player.ts';
import { copyDelivery } from '../player/delivery.ts';
import { report, scenariosFor } from '../player/suite.ts';
import type { HostName } from '../scenarios/scenario.ts';
import { deliver, playInside } from './deliver.ts';
import { HOST_PACKAGES } from './host-packages.ts';
import { imageFor } from './image.ts';
import { consoleTail, machineRuns, startMachine, stopMachine, type Machine } from './machine.ts';
import { forgetMachine, rememberedMachine, rememberMachine } from './machine-that-is-up.ts';
import type { Profile } from './profile.ts';
import { profileNamed, PROFILES } from './profiles/index.ts';
import { sshArguments } from './ssh.ts';

const CHECKOUT = process.env['PINFOLD_CHECKOUT'] ?? process.cwd();
const USAGE = 'Usage: npm run nested -- up | ssh [COMMAND] | run [SCENARIO…] | down   [--profile NAME]';

/** Ends of machines and folders of this process, run when it ends in whatever way it can notice. */
const cleanUps = new Set<() => void>();

function cleanUp(): void {
  for (const act of cleanUps) act();
  cleanUps.clear();
}

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
      return (await play(profile, rest)) ? 0 : 1;
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
  process.stdout.write(
    `${profile.name} is up. Look inside: npm run nested -- ssh. End it: npm run nested -- down.\n`,
  );
  return 0;
}

function ssh(profile: Profile, command: readonly string[]): number {
  const machine = rememberedMachine(profile.name);
  if (machine === null)
    throw new Error(`${profile.name} is not up: npm run nested -- up --profile ${profile.name}`);
  const [program, ...args] = sshArguments(machine.ssh);
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
  let good = true;
  for (const profile of PROFILES) good = (await play(profile, [])) && good;
  return good ? 0 : 1;
}

/** Plays these scenarios, or all for this profile, on the machine that is up or on one for this run only. */
async function play(profile: Profile, asked: readonly string[]): Promise<boolean> {
  const steps = new Steps();
  process.stdout.write(`integration/nested, ${profile.name}: ${profile.about}\n`);
  const folder = workFolder('nested-suite');
  cleanUps.add(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  copyDelivery(CHECKOUT, join(folder, 'delivery'));
  const player = join(folder, 'player.cjs');
  await steps.step('bundle the scenarios', () => bundlePlayer(CHECKOUT, player));
  const all = scenariosFor(CHECKOUT, player, profile.name as HostName);
  const wanted = asked.length === 0 ? all : asked;
  const remembered = rememberedMachine(profile.name);
  const machine = remembered ?? (await start(profile, steps, false));
  await steps.step('bring Pinfold and the scenarios in', () => deliver(machine, folder));
  const outcomes = await steps.step('play the scenarios', () =>
    playInside(machine, { host: profile.name as HostName, scenarios: wanted }),
  );
  if (outcomes.length < wanted.length) {
    process.stdout.write(
      `  The player did not come to its end; QEMU ${machineRuns(machine) ? 'runs' : 'is gone'}. Console:\n`,
    );
    process.stdout.write(`${consoleTail(machine)}\n`);
  }
  if (remembered === null) stopMachine(machine);
  return report(wanted, outcomes);
}

async function start(profile: Profile, steps: Steps, staysAfterUs: boolean): Promise<Machine> {
  if (process.getuid?.() !== 0) throw new Error('Building a host image needs root.');
  await steps.step('install what builds and boots a host from Debian', () => installPackages(HOST_PACKAGES));
  const source = join(CHECKOUT, 'integration/nested/image');
  const image = await steps.step(`image of ${profile.image.suite}`, () => imageFor(profile, source));
  const machine = await startMachine(profile, image, { steps, staysAfterUs });
  if (!staysAfterUs)
    cleanUps.add(() => {
      stopMachine(machine);
    });
  return machine;
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
