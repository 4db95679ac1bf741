import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../kit/cache-folder.ts';
import { machineRuns, type Machine } from './machine.ts';

/** Remembers the machine that `nested up` left running. */
export function rememberMachine(machine: Machine): void {
  writeFileSync(fileOf(machine.profile), JSON.stringify(machine));
}

/** The machine of this profile that `nested up` left running; null when there is none, or it is gone. */
export function rememberedMachine(profile: string): Machine | null {
  const file = fileOf(profile);
  if (!existsSync(file)) return null;
  const machine = JSON.parse(readFileSync(file, 'utf8')) as Machine;
  if (machineRuns(machine)) return machine;
  rmSync(machine.folder, { recursive: true, force: true });
  rmSync(file);
  return null;
}

/** Forgets it. */
export function forgetMachine(profile: string): void {
  rmSync(fileOf(profile), { force: true });
}

function fileOf(profile: string): string {
  return join(cacheFolder('up'), `${profile}.json`);
}
