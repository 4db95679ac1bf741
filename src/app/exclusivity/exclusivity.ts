import type { Exclusivity } from '../../domain/node-policy.ts';
import type { ExclusiveGuest } from '../../formats/cgroup/partition-leaf.ts';
import type { NodeLock, NodePort } from '../ports.ts';

/** The operator's word: `auto` = a partition where the kernel has them, else fences. */
export type ExclusivityMode = Exclusivity;

/** What keeps others off a guest's CPUs. */
export type ExclusivityInForce = 'partition' | 'fence' | 'none';

/** Where exclusivity is taken and given back. */
export interface ExclusivityPlace {
  readonly node: NodePort;
  /**
   * Held while cgroups are changed, because two guests that start at once share the slice above them. Best a lock of its
   * own: a fence takes a call of systemctl for each unit, and decisions need not wait for that.
   */
  readonly lock: NodeLock;
  /** Where the fences and who they are for is remembered, `/run/pinfold/exclusivity.json`. */
  readonly stateFile: string;
}

/** What came of it. */
export interface ExclusivityReport {
  readonly inForce: ExclusivityInForce;
  /** Complete sentences for the task log, the first about what is in force. */
  readonly sentences: readonly string[];
  /**
   * Scopes of guests whose cpuset was written. Before Linux 6.2 that replaces the mask of every thread in them: whoever
   * placed those threads has to pin them again.
   */
  readonly repin: readonly string[];
}

export type { ExclusiveGuest };
