import type { HostTopology } from '../../domain/host-topology.ts';
import type { NodePolicy, Profiles } from '../../domain/node-policy.ts';

/** All that the checks judge by; null means that nobody could tell, unless a field says otherwise. */
export interface DoctorFacts {
  readonly node: string;
  readonly place: DoctorPlace;
  readonly topology: HostTopology;
  readonly installation: InstallationFacts;
  readonly operator: OperatorFacts;
  /** null: no node of Proxmox VE. */
  readonly proxmox: ProxmoxFacts | null;
  /** null: neither a host nor a front-end of OpenNebula. */
  readonly openNebula: OpenNebulaFacts | null;
  readonly kernel: KernelFacts;
  readonly disturbances: DisturbanceFacts;
  /** null: nothing was tried out. */
  readonly probe: ProbeFacts | null;
}

/** Where the node is looked at from: on itself, as a tree of its files, or over SSH. */
export type DoctorPlace = 'here' | 'tree' | 'remote';

export interface InstallationFacts {
  /** `v20.19.2`; `""` where there is no Node.js. */
  readonly nodeVersion: string | null;
  /** Bundles that an orchestrator's script starts, and whether they are there. */
  readonly engines: readonly { readonly path: string; readonly present: boolean }[];
  readonly stateFolder: string;
  readonly policyFolder: string;
  readonly hasStateFolder: boolean;
  /** Folders that hold a ledger; one is enough. */
  readonly ledgers: readonly string[];
  /** null: taken and given back; else why not, one sentence. Undefined: not tried. */
  readonly lockProblem: string | null | undefined;
  readonly timer: { readonly isLoaded: boolean; readonly isActive: boolean } | null;
  /** One phrase each: what is left and of whom. */
  readonly leftovers: readonly string[];
}

export interface OperatorFacts {
  /** Files that are there; `problem` is one sentence, null where a file is sound. */
  readonly files: readonly { readonly path: string; readonly problem: string | null }[];
  /** What holds on this node; null where a file is not sound. */
  readonly policy: NodePolicy | null;
  readonly profiles: Profiles | null;
  /** What of the policy does not go with this machine, one sentence each. */
  readonly policyFaults: readonly string[];
  /** What of the profiles can never be kept, one sentence each. */
  readonly profileFaults: readonly string[];
}

export interface ProxmoxFacts {
  /** Of the whole cluster, templates left out. */
  readonly vms: readonly ProxmoxVm[];
  readonly nodes: readonly string[];
  /** Nodes that say of themselves that they have Pinfold, by its version. */
  readonly installed: Readonly<Record<string, string>>;
  readonly registeredTags: readonly string[];
  readonly snippet: SnippetFacts;
  readonly chains: readonly ChainFacts[];
}

export interface ProxmoxVm {
  readonly vmid: string;
  readonly node: string;
  readonly tags: readonly string[];
  readonly hookscript: string | null;
  /** CPUs of the user's own mask; null: none. */
  readonly affinity: string | null;
  /** Upstream's own placement; null: none. */
  readonly pinning: string | null;
}

export interface SnippetFacts {
  readonly path: string;
  readonly isPresent: boolean;
  readonly isExecutable: boolean | null;
  /** Whether it is the one that the package brought; null: there is nothing to compare it with. */
  readonly isCurrent: boolean | null;
}

/** A hook script that a VM had before. */
export interface ChainFacts {
  readonly vmid: string;
  readonly volume: string;
  readonly isPresent: boolean;
  readonly isExecutable: boolean | null;
}

export interface OpenNebulaFacts {
  /** Driver directories with their actions; empty where the machine has none. */
  readonly drivers: readonly {
    readonly path: string;
    readonly isThere: boolean;
    /** Stock actions that it has no link for. */
    readonly missing: readonly string[];
  }[];
  /** oned.conf of a front-end; null elsewhere. */
  readonly oned: { readonly words: readonly string[]; readonly restricted: readonly string[] } | null;
  /** What oned says of its hosts; null: not asked; a text: why it did not answer. */
  readonly hosts: readonly OpenNebulaHost[] | string | null;
}

/** A host as `onehost list -x` tells. */
export interface OpenNebulaHost {
  readonly name: string;
  readonly emulatorCpus: string;
  readonly isolCpus: string;
  readonly pinPolicy: string;
}

export interface KernelFacts {
  readonly release: string;
  /** Whether cgroup v2 has the cpuset controller. */
  readonly hasCpusets: boolean;
  /** Whether any group shows `cpuset.cpus.exclusive`; null: no group has cpuset files to look at. */
  readonly hasExclusive: boolean | null;
}

export interface DisturbanceFacts {
  readonly numaBalancing: string | null;
  readonly merging: { readonly runs: boolean; readonly acrossCells: boolean } | null;
  readonly irqbalance: { readonly runs: boolean; readonly banned: string };
  /** Most that ZFS' cache takes, in MiB; null: no ZFS. */
  readonly zfsCacheMiB: number | null;
  readonly thp: { readonly enabled: string; readonly defrag: string } | null;
  /** CPUs by their governor, as lists. */
  readonly governors: Readonly<Record<string, string>>;
}

/** What came of trying it out; null: it worked, else why not, as part of a sentence. */
export interface ProbeFacts {
  readonly nudge: string | null;
  readonly partition: string | null;
}
