/** How a node is reached and known. */
export interface SshTarget {
  /** Name or address; for messages too. */
  readonly host: string;
  /** 22 when absent. */
  readonly port?: number;
  readonly user: string;
  /** File with the private key; absent = only the agent. */
  readonly keyFile?: string;
  /** Socket of an SSH agent (SSH_AUTH_SOCK). */
  readonly agent?: string;
  /** known_hosts files; one that is missing knows nobody. */
  readonly knownHosts: readonly string[];
  /** The name to look for in them, instead of host and port (HostKeyAlias). */
  readonly hostKeyAlias?: string;
  /** From the first packet to a login that works; 10 s when absent. */
  readonly connectTimeoutMs?: number;
}
