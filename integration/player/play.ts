/**
 * Plays scenarios on the machine that it runs on: node player.cjs SETTINGS.json. Bundled with the scenarios by the
 * suites, so that the same code plays them here and inside a nested host. Prints what it does; the outcome of each
 * scenario is written to the results file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tellLate, whenLate } from '../kit/late.ts';
import type { DrivenHost } from '../opennebula/drive.ts';
import type { DomainType } from '../opennebula/template.ts';
import type { HostName, Scenario } from '../scenarios/scenario.ts';
import type { Damage } from './damage.ts';
import type { HookSettings } from './hook-settings.ts';
import { installDriver, setPolicy } from './install-driver.ts';
import { lookAround } from './look-around.ts';
import { Stage } from './stage.ts';

/** What the suite tells the player. */
export interface PlayerSettings {
  readonly host: HostName;
  /** Scenarios to play, by file name without ending. */
  readonly scenarios: readonly string[];
  readonly domainType: DomainType;
  /** Folder with dist/ and hooks/. */
  readonly delivery: string;
  /** Re-creation of OpenNebula's remotes. */
  readonly remotes: string;
  /** User that the driver logs in as; null = the one that plays. */
  readonly user: string | null;
  readonly hookSettings: HookSettings;
  readonly results: string;
  /** Broken on purpose in every guest, so that scenarios must fail; null in every suite. */
  readonly damage: Damage | null;
  /** The script of a private host, where a second one can be started beside this. */
  readonly privateHost?: string;
  /** Which part of the scenarios is played: up to a reboot of the machine, or what comes behind it. */
  readonly half: 'first' | 'after-reboot';
}

/** What came of one scenario. */
export interface ScenarioOutcome {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly checks: number;
  /** Empty when it passed. */
  readonly failure: string;
}

/** A scenario that hangs fails; eight starts at once under TCG take two minutes, and thrice that beside other work. */
const SCENARIO_TIMEOUT_MS = 420_000;

const print = (line: string) => process.stdout.write(`${line}\n`);

/** Plays what the settings name; `scenarios` are all that were bundled, by name. */
export async function playAll(
  settingsFile: string,
  scenarios: Readonly<Record<string, Scenario>>,
): Promise<void> {
  const settings = JSON.parse(readFileSync(settingsFile, 'utf8')) as PlayerSettings;
  const host = drivenHost(settings);
  whenLate(what => lookAround(what, print));
  const outcomes: ScenarioOutcome[] = [];
  for (const name of inOrder(settings.scenarios, scenarios)) {
    outcomes.push(await playOne(name, scenarios[name], { host, settings }));
    writeFileSync(settings.results, JSON.stringify(outcomes));
  }
  process.exitCode = outcomes.every(outcome => outcome.passed) ? 0 : 1;
}

/**
 * Those of OpenNebula before those of Proxmox VE, whose root makes the state folder for itself or takes it away with the
 * package; else in the order of their names.
 */
function inOrder(names: readonly string[], scenarios: Readonly<Record<string, Scenario>>): readonly string[] {
  const isProxmox = (name: string) => scenarios[name]?.proxmox !== undefined;
  return [...names.filter(name => !isProxmox(name)), ...names.filter(isProxmox)];
}

async function playOne(
  name: string,
  scenario: Scenario | undefined,
  { host, settings }: { readonly host: DrivenHost; readonly settings: PlayerSettings },
): Promise<ScenarioOutcome> {
  const start = Date.now();
  const stage = new Stage(host, {
    type: settings.domainType,
    delivery: settings.delivery,
    hookSettings: settings.hookSettings,
    damage: settings.damage,
    privateHost: settings.privateHost ?? null,
    print,
  });
  print(`\n  ${name}`);
  let failure = '';
  try {
    if (scenario === undefined) throw new Error(`No scenario ${name} was bundled.`);
    print(`    starts ${scenario.starts}`);
    for (const line of scenario.sees) print(`    must be seen: ${line}`);
    await within(SCENARIO_TIMEOUT_MS, async () => {
      if (scenario.proxmox === undefined) {
        await installDriver(host, settings);
        setPolicy(host, scenario.policy ?? null);
      } else await stage.proxmox.install(scenario.proxmox);
      if (settings.half === 'first') await scenario.play(stage);
      else await scenario.afterReboot?.(stage);
      // What is to meet the reboot stays.
      if (settings.half === 'first' && scenario.afterReboot !== undefined) return;
      if (scenario.proxmox !== undefined) await stage.proxmox.clear();
      await stage.clear();
      stage.check('domains after the last guest', await stage.domains(), []);
      // Guests that Pinfold never placed are forgotten by the next reader.
      const kept = stage.ledger.filter(entry => scenario.proxmox === undefined || entry.placement !== null);
      stage.check('ledger after the last guest', kept, []);
    });
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    if (scenario?.proxmox !== undefined) await stage.proxmox.clear().catch(() => undefined);
    await stage.clear().catch(() => undefined);
  }
  const seconds = (Date.now() - start) / 1000;
  print(
    `    ${failure === '' ? 'passed' : `FAILED: ${failure}`} (${stage.checks} checks, ${seconds.toFixed(1)} s)`,
  );
  return { name, passed: failure === '', seconds, checks: stage.checks, failure };
}

async function within(millis: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      void tellLate(`the scenario (${millis / 1000} s)`).then(() => {
        reject(new Error(`The scenario took longer than ${millis / 1000} s.`));
      });
    }, millis);
  });
  try {
    await Promise.race([work(), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function drivenHost(settings: PlayerSettings): DrivenHost {
  const user = settings.user ?? 'root';
  const home = settings.user === null ? '/root' : '/var/lib/one';
  return {
    name: 'node1',
    remotes: '/var/lib/one/remotes',
    scripts: '/var/tmp/one',
    directory: 'kvmpinfold',
    user: settings.user,
    // `ssh HOST bash -s`: no terminal, no profile read.
    shell: settings.user === null ? ['bash', '-s'] : ['setpriv', ...asUser(user), 'bash', '-s'],
    // What sshd gives a command on Debian (PATH: its compiled-in default).
    environment: {
      HOME: home,
      USER: user,
      LOGNAME: user,
      SHELL: '/bin/bash',
      PATH: '/usr/local/bin:/usr/bin:/bin:/usr/games',
      SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22',
    },
    frontEnd: join('/var/lib/one/front-end'),
  };
}

function asUser(user: string): string[] {
  return ['--reuid', user, '--regid', user, '--init-groups', '--'];
}
