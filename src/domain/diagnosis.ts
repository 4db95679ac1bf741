/** What `doctor` looks at, in the order in which it tells. */
export const CHECK_IDS = [
  /** The Node.js that runs the hooks. */
  'node-version',
  /** The hook's bundle is where the orchestrator's script looks for it. */
  'engine',
  /** Where claims and leases are kept. */
  'state-folder',
  /** The lock under which decisions are made can be taken. */
  'node-lock',
  /** The timer that looks every minute whether all is as decided. */
  'reconcile-timer',
  /** Files of guests and starts that are gone. */
  'leftovers',
  /** policy.yaml and nodes/NAME.yaml say what they may. */
  'policy-files',
  /** What the policy says fits this machine. */
  'policy-fits',
  'profiles',
  /** There are huge pages where profiles ask for them. */
  'page-pools',
  /** Proxmox VE: Pinfold's hook script is where VMs name it. */
  'snippet',
  /** Proxmox VE: the other nodes of the cluster have Pinfold, too. */
  'other-nodes',
  /** Proxmox VE: VMs whose tag names a profile call the hook script. */
  'hookscripts',
  /** Proxmox VE: hook scripts that VMs had before are there. */
  'chain',
  /** Proxmox VE: tags of VMs name one profile that exists. */
  'tags',
  /** Proxmox VE: only administrators may set the tags that name profiles. */
  'registered-tags',
  /** Proxmox VE: masks that users set themselves. */
  'affinity',
  /** OpenNebula: each action of the stock driver has its link. */
  'driver-links',
  /** OpenNebula: oned runs Pinfold's driver directory. */
  'driver-word',
  /** OpenNebula: only administrators may ask for CPUs of their own. */
  'restricted-attribute',
  /** OpenNebula: a host's EMULATOR_CPUS, which oned writes into every VM. */
  'emulator-cpus',
  /** OpenNebula: hosts and CPUs that the scheduler keeps from VMs without a TOPOLOGY. */
  'scheduler',
  /** The kernel can take CPUs from everything else. */
  'partitions',
  /** systemd sees a drop-in that is made just before a scope. */
  'systemd-nudge',
  'numa-balancing',
  'same-page-merging',
  'irqbalance',
  'isolated-cpus',
  'zfs-cache',
  'transparent-huge-pages',
  'frequency-governors',
] as const;
/** One of {@link CHECK_IDS}. */
export type CheckId = (typeof CHECK_IDS)[number];

/** `fail`: something that Pinfold promises is not kept; `warn`: it is, but at a price; `skip`: not looked at. */
export const CHECK_STATES = ['ok', 'warn', 'fail', 'skip'] as const;
/** One of {@link CHECK_STATES}. */
export type CheckState = (typeof CHECK_STATES)[number];

/** What was found about one thing. */
export interface Check {
  readonly id: CheckId;
  readonly state: CheckState;
  /** One complete sentence with the numbers. */
  readonly reason: string;
  /** What to do, one complete sentence; null where there is nothing to do. */
  readonly remedy: string | null;
}

/** What `pinfold doctor` prints: each check once, in the order of {@link CHECK_IDS}. */
export interface Diagnosis {
  readonly kind: 'pinfold/doctor';
  readonly version: 1;
  readonly host: string;
  readonly stateFolder: string;
  readonly policyFolder: string;
  readonly checks: readonly Check[];
}
