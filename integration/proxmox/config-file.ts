import { PveError } from './pve-error.ts';
import type { PveMachine } from './pve-machine.ts';
import { parseVmConfig, printVmConfig, type VmConfig } from './vm-config.ts';

/** Seconds that a taker of the config's lock waits (PVE::AbstractConfig, lock_config). */
const LOCK_SECONDS = 10;

/** Where the cluster file system has the configs of a node's VMs. */
export function configPath(node: string, vmid: string): string {
  return `/etc/pve/nodes/${node}/qemu-server/${vmid}.conf`;
}

/**
 * Does this under the config's lock, a flock that dies with its holder. The second taker waits ten seconds and then
 * fails in the words seen on a real node.
 */
export async function underConfigLock<T>(
  machine: PveMachine,
  vmid: string,
  work: () => Promise<T>,
): Promise<T> {
  const file = `/var/lock/qemu-server/lock-${vmid}.conf`;
  const release = await machine.lock(file, LOCK_SECONDS);
  if (release === null) throw new PveError(`can't lock file '${file}' - got timeout`);
  try {
    return await work();
  } finally {
    release();
  }
}

/** Reads a config; `from` is the node in whose folder it lies while a migration comes in (load_config). */
export function loadConfig(machine: PveMachine, vmid: string, from: string | null = null): VmConfig {
  const text = machine.read(configPath(from ?? machine.name, vmid));
  if (text === null)
    throw new PveError(
      `Configuration file 'nodes/${from ?? machine.name}/qemu-server/${vmid}.conf' does not exist`,
    );
  const config = parseVmConfig(text, vmid);
  for (const warning of config.warnings) machine.log(warning);
  return config;
}

/** Writes a config whole; what the parser did not know is gone from now on. */
export function writeConfig(machine: PveMachine, vmid: string, config: VmConfig): void {
  machine.write(configPath(machine.name, vmid), printVmConfig(config));
}

/** Refuses what a VM's lock (backup, migrate, suspended, …) forbids. */
export function checkLock({ main }: VmConfig): void {
  const lock = main.settings.get('lock');
  if (lock !== undefined) throw new PveError(`VM is locked (${lock})`);
}
