import { DEFAULT_POLICY, type HostPolicy } from './host-policy.ts';

/** What policy.yaml of a node says: the engine's part and how Pinfold behaves there. Every key is optional. */
export interface NodePolicy extends HostPolicy {
  /** How dedicated CPUs are kept from everything else; `auto` = the strongest that the kernel has. */
  readonly exclusivity?: Exclusivity;
  /** Which tags may choose a profile: only registered (admin-only) ones, or any. */
  readonly trust_tags?: 'registered' | 'any';
  /** What a start does that cannot be placed, where its profile does not say. */
  readonly on_refusal?: OnRefusal;
  /** A tag that starts with this names a profile: `pin-database` chooses `database`. */
  readonly tag_prefix?: string;
}

/** How CPUs are kept from others: by kernel partitions, by fencing the others in, not at all, or the strongest that works. */
export const EXCLUSIVITIES = ['auto', 'partition', 'fence', 'none'] as const;
export type Exclusivity = (typeof EXCLUSIVITIES)[number];

/** What a start does that does not fit. */
export const ON_REFUSALS = ['strict', 'float'] as const;
/** `strict`: refuse the start with the reason; `float`: start unpinned in the best cell and warn. */
export type OnRefusal = (typeof ON_REFUSALS)[number];

/** What holds where policy.yaml is silent. */
export const DEFAULT_NODE_POLICY = {
  ...DEFAULT_POLICY,
  exclusivity: 'auto',
  trust_tags: 'registered',
  on_refusal: 'strict',
  tag_prefix: 'pin-',
} as const satisfies Required<NodePolicy>;

/** One of the operator's flavors in profiles.yaml. */
export interface Profile {
  readonly extra_specs: Readonly<Record<string, string>>;
  /** Image properties that the tenant may set; `hw_numa_cpus` stands for all its numbered ones. */
  readonly tenant_may: readonly string[];
  /** Absent: as the node's policy says. */
  readonly on_refusal?: OnRefusal;
  /** A plain start may rewrite the VM's config and start again. */
  readonly requeue: boolean;
}

/** profiles.yaml: profiles by name. */
export type Profiles = Readonly<Record<string, Profile>>;

/** The engine's part of a node's policy, as a host document carries it. */
export function hostPolicyOf(policy: NodePolicy): HostPolicy {
  return Object.fromEntries(Object.entries(policy).filter(([key]) => key in DEFAULT_POLICY));
}
