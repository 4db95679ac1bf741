/** How one node is reached from another machine: an entry of nodes.yaml. Paths may begin with `~/`. */
export interface NodeSettings {
  /** Name or address; the entry's own name when absent. */
  readonly host?: string;
  /** What Proxmox VE calls the node; the entry's own name when absent. */
  readonly name?: string;
  readonly api?: ApiSettings;
  readonly ssh?: SshSettings;
}

/** The REST API of a Proxmox VE node. */
export interface ApiSettings {
  /** 8006 when absent. */
  readonly port?: number;
  /** SHA-256 of the certificate. */
  readonly fingerprint?: string;
  /** PEM file of the authority that signed it. Neither: a public authority. */
  readonly ca?: string;
  /** One line, `user@realm!name=UUID`. */
  readonly token_file?: string;
  /** `user@realm`, with a password. */
  readonly user?: string;
  readonly password_file?: string;
  /** For one call with all that belongs to it; 30 when absent. */
  readonly timeout_seconds?: number;
}

/** SSH to a node. */
export interface SshSettings {
  readonly host?: string;
  /** 22 when absent. */
  readonly port?: number;
  /** root when absent. */
  readonly user?: string;
  /** File with the private key; the agent alone when absent. */
  readonly key?: string;
  /** `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts` when absent. */
  readonly known_hosts?: readonly string[];
  readonly host_key_alias?: string;
  /** For logging in; 10 when absent. */
  readonly timeout_seconds?: number;
}

/** nodes.yaml: nodes by the name that `--node` gives. */
export type NodesFile = Readonly<Record<string, NodeSettings>>;
