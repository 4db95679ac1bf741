/** How the API of a node is reached, known and entered. */
export interface ApiTarget {
  /** Name or address of the node, or of another one of its cluster. */
  readonly host: string;
  /** 8006 when absent. */
  readonly port?: number;
  /** How the server's certificate is known. */
  readonly trust: ApiTrust;
  readonly login: ApiLogin;
  /** From the first packet to the last of one call, logging in included; 30 s when absent. */
  readonly deadlineMs?: number;
}

export type ApiTrust =
  /** SHA-256 of the certificate itself, as Proxmox shows it: `1E:B0:…`. */
  | { readonly kind: 'fingerprint'; readonly sha256: string }
  /** PEM of the authorities that may have signed it (`/etc/pve/pve-root-ca.pem`); the name must match. */
  | { readonly kind: 'authority'; readonly pem: string }
  /** Whatever authorities Node trusts. */
  | { readonly kind: 'public' };

export type ApiLogin =
  /** `user@realm!name` and the UUID. */
  | { readonly kind: 'token'; readonly id: string; readonly secret: string }
  /** `user@realm` and the password. */
  | { readonly kind: 'password'; readonly user: string; readonly password: string };

/** Who we are there, for messages; never the secret. */
export function loginName(login: ApiLogin): string {
  return login.kind === 'token' ? `the API token ${login.id}` : login.user;
}

/** Where it is, for messages. */
export function apiPlace(target: ApiTarget): string {
  return `https://${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port ?? DEFAULT_API_PORT}`;
}

/** pveproxy's port. */
export const DEFAULT_API_PORT = 8006;

/** A config write waits up to 10 s for the config's lock on the node, and a busy node for itself. */
export const DEFAULT_API_DEADLINE_MS = 30_000;
