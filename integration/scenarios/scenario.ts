import type { PveOperator } from '../player/install-pinfold.ts';
import type { Stage } from '../player/stage.ts';

/** Where scenarios can be played: this machine's own CPUs, or a nested host. */
export const HOSTS = ['this-machine', 'trixie', 'bookworm-small', 'bookworm-kvm', 'trixie-odd'] as const;
export type HostName = (typeof HOSTS)[number];

/**
 * One thing that Pinfold promises, shown on a real libvirt and a real QEMU. A file `NAME.scenario.ts` exports it as
 * `scenario`; that is all that makes it part of a suite.
 */
export interface Scenario {
  /** What is started, in one sentence. */
  readonly starts: string;
  /** What must be seen, one sentence each. */
  readonly sees: readonly string[];
  readonly hosts: readonly HostName[];
  /** The operator's policy.yaml; absent = none. */
  readonly policy?: string;
  /** Present where it is played on a node of Proxmox VE instead of an OpenNebula host: what the operator wrote there. */
  readonly proxmox?: PveOperator;
  /** Takes a minute or more on a nested host: it is begun before the others, so that nobody waits for it in the end. */
  readonly isLong?: boolean;
  /** Starts many guests at the same moment: played when earlier scenarios have left compiled code, else each of them compiles for itself. */
  readonly startsMany?: boolean;
  readonly play: (stage: Stage) => Promise<void>;
  /** Present where the machine is to be rebooted after `play`, and what is looked at then. Nested hosts only. */
  readonly afterReboot?: (stage: Stage) => Promise<void>;
}
