import { loadConfig, underConfigLock, writeConfig } from './config-file.ts';
import { PveError } from './pve-error.ts';
import type { PveMachine } from './pve-machine.ts';
import { isFastSetting, isKnownSetting } from './settings.ts';
import { type ConfigChange, withChange, withPendingChange } from './vm-config.ts';

/**
 * `qm set`: under the config's lock, for which it waits as everybody does. A stopped VM has the change at once; a
 * running one has only the few settings that need no restart, all others wait in [PENDING] (Q:4593-4607). Neither CPUs
 * nor memory are hotplugged here.
 */
export function setVm(machine: PveMachine, vmid: string, change: ConfigChange): Promise<void> {
  const unknown = [...change.values.keys(), ...change.deleted].find(key => !isKnownSetting(key));
  if (unknown !== undefined) throw new PveError(`Unknown option: ${unknown}`);
  return underConfigLock(machine, vmid, () => {
    const before = loadConfig(machine, vmid);
    const part = (fast: boolean): ConfigChange => ({
      values: new Map([...change.values].filter(([key]) => isFastSetting(key) === fast)),
      deleted: change.deleted.filter(key => isFastSetting(key) === fast),
    });
    const runs = machine.pidOf(vmid) !== null;
    const after = runs
      ? withPendingChange(withChange(before, part(true)), part(false))
      : withChange(before, change);
    for (const key of change.values.keys())
      machine.log(`update VM ${vmid}: -${key} ${change.values.get(key)!}`);
    writeConfig(machine, vmid, after);
    return Promise.resolve();
  });
}
