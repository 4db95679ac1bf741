import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { say } from '../kit/say.ts';
import type { HostName, Scenario } from '../scenarios/scenario.ts';
import { HOSTS } from '../scenarios/scenario.ts';
import { scenariosInTree } from './bundle-player.ts';
import type { ScenarioOutcome } from './play.ts';

/**
 * The scenarios of the tree that are for this host, read from the bundle that will play them. A scenario for a host
 * that nobody knows, or for none, would never be played: that is an error.
 */
export function scenariosFor(checkout: string, bundle: string, host: HostName): string[] {
  const bundled = scenariosIn(bundle);
  return scenariosInTree(checkout).filter(name => {
    const { hosts } = bundled[name]!;
    const unknown = hosts.filter(other => !HOSTS.includes(other));
    if (hosts.length === 0 || unknown.length > 0)
      throw new Error(
        `Scenario ${name} is for the hosts [${hosts.join(', ')}]; there are: ${HOSTS.join(', ')}.`,
      );
    return hosts.includes(host);
  });
}

/** Those of these scenarios that want to see the machine after a reboot. */
export function scenariosWithReboot(bundle: string, names: readonly string[]): string[] {
  const bundled = scenariosIn(bundle);
  return names.filter(name => bundled[name]?.afterReboot !== undefined);
}

/** What the order of these scenarios depends on. */
export function queueFacts(
  bundle: string,
  names: readonly string[],
): {
  readonly name: string;
  readonly isProxmox: boolean;
  readonly isLong: boolean;
  readonly startsMany: boolean;
  readonly hasReboot: boolean;
}[] {
  const bundled = scenariosIn(bundle);
  return names.map(name => {
    const { proxmox, isLong, startsMany, afterReboot } = bundled[name]!;
    return {
      name,
      isProxmox: proxmox !== undefined,
      isLong: isLong === true,
      startsMany: startsMany === true,
      hasReboot: afterReboot !== undefined,
    };
  });
}

function scenariosIn(bundle: string): Readonly<Record<string, Scenario>> {
  return (createRequire(bundle)(bundle) as { scenarios: Readonly<Record<string, Scenario>> }).scenarios;
}

/** What came of scenarios in two parts as one outcome each. */
export function joinOutcomes(
  first: readonly ScenarioOutcome[],
  second: readonly ScenarioOutcome[],
): ScenarioOutcome[] {
  return first.map(outcome => {
    const other = second.find(({ name }) => name === outcome.name);
    if (other === undefined) return outcome;
    return {
      name: outcome.name,
      passed: outcome.passed && other.passed,
      seconds: outcome.seconds + other.seconds,
      checks: outcome.checks + other.checks,
      failure: outcome.failure || other.failure,
    };
  });
}

/** What the player wrote; what it did not get to is missing. */
export function readOutcomes(file: string): ScenarioOutcome[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ScenarioOutcome[]) : [];
}

/** How many scenarios passed and failed. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** A suite of which nothing ran has not passed. */
export function isGood({ passed, failed }: Tally): boolean {
  return failed === 0 && passed > 0;
}

/**
 * Prints the scenarios of the tree beside those that ran, and the last line of the suite, `N passed, N failed`.
 * A scenario of the tree that did not run counts as failed.
 */
export function report(wanted: readonly string[], outcomes: readonly ScenarioOutcome[]): Tally {
  say('\n  scenario in the tree                ran   seconds  checks');
  for (const name of wanted) {
    const outcome = outcomes.find(one => one.name === name);
    const ran = outcome === undefined ? 'NOT RUN' : outcome.passed ? 'passed' : 'FAILED';
    say(
      `  ${name.padEnd(34)}  ${ran.padEnd(7)}${(outcome?.seconds ?? 0).toFixed(1).padStart(6)}${String(outcome?.checks ?? 0).padStart(8)}`,
    );
  }
  for (const { name } of outcomes.filter(outcome => !wanted.includes(outcome.name)))
    say(`  ${name} ran, but is not in the tree for this suite`);
  const passed = wanted.filter(name => outcomes.some(one => one.name === name && one.passed)).length;
  const strangers = outcomes.filter(outcome => !wanted.includes(outcome.name)).length;
  const failed = wanted.length - passed + strangers;
  for (const { name, failure } of outcomes.filter(outcome => !outcome.passed)) say(`  ${name}: ${failure}`);
  say(`${passed} passed, ${failed} failed`);
  return { passed, failed };
}
