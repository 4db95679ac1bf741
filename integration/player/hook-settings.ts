/**
 * What this host's operator says to Pinfold's hooks, in OpenNebula's driver.conf and in the environment of Proxmox VE's tasks; without an
 * entry the default counts.
 */
export interface HookSettings {
  /** Seconds that a decision may take. */
  readonly PINFOLD_TIMEOUT?: string;
  /** The Node to run; `pinfold` runs on it as well. */
  readonly PINFOLD_NODE?: string;
}
