import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiFault } from './api-fault.ts';

/** A user with a password, or one of a user's tokens with its secret, and what it may do below which paths. */
export interface Account {
  /** `root@pam`, `auditor@pve` or, for a token, `auditor@pve!pinfold`. */
  readonly id: string;
  /** The password; of a token its secret, a UUID. */
  readonly secret: string;
  /** Privileges by path; they hold for all paths below. `all` = every privilege. */
  readonly grants: Readonly<Record<string, readonly string[]>> | 'all';
}

/** Seconds that a ticket holds (PVE::AccessControl: two hours). */
const TICKET_SECONDS = 7200;

/**
 * Who may call. Refusals before a call are bare statuses with a reason (PVE::APIServer::AnyEvent): `No ticket`,
 * `permission denied - invalid PVE ticket` also for one that ran out, `invalid token value!`, and a write with a ticket but
 * without its CSRF token.
 */
export class Access {
  #key = randomBytes(32);
  readonly #accounts: ReadonlyMap<string, Account>;
  readonly #seconds: () => number;
  /** How many tickets were given out. */
  logins = 0;

  constructor(accounts: readonly Account[], seconds: () => number) {
    this.#accounts = new Map(accounts.map(account => [account.id, account]));
    this.#seconds = seconds;
  }

  /** Every ticket given out until now is worth nothing any more. */
  expireTickets(): void {
    this.#key = randomBytes(32);
  }

  login(user: string, password: string): object {
    const account = this.#accounts.get(user);
    if (account === undefined || user.includes('!') || account.secret !== password)
      throw new ApiFault(401, 'authentication failure\n');
    this.logins += 1;
    const time = hex(this.#seconds());
    return {
      username: user,
      ticket: `PVE:${user}:${time}::${this.#sign(`PVE:${user}:${time}`)}`,
      CSRFPreventionToken: `${time}:${this.#sign(`${time}:${user}`)}`,
    };
  }

  /** Who sent this call. */
  caller(method: string, headers: IncomingHttpHeaders): Account {
    const token = /^PVEAPIToken=([^=]+)=(.*)$/.exec(headers.authorization ?? '');
    if (token !== null) return this.#ofToken(token[1]!, token[2]!);
    const cookie = /(?:^|;\s*)PVEAuthCookie=([^;]*)/.exec(headers.cookie ?? '')?.[1];
    if (cookie === undefined) throw new ApiFault(401, 'No ticket', { bare: true });
    const account = this.#ofTicket(decodeURIComponent(cookie));
    const csrf = headers['csrfpreventiontoken'];
    if (method !== 'GET' && !this.#isCsrf(String(csrf ?? ''), account.id))
      throw new ApiFault(401, 'Permission denied - invalid csrf token', { bare: true });
    return account;
  }

  #ofToken(id: string, secret: string): Account {
    const account = this.#accounts.get(id);
    const [user, name] = id.split('!');
    if (account === undefined)
      throw new ApiFault(401, `no such token '${name ?? ''}' for user '${user ?? ''}'`, { bare: true });
    if (account.secret !== secret) throw new ApiFault(401, 'invalid token value!', { bare: true });
    return account;
  }

  #ofTicket(ticket: string): Account {
    const [, user, time, signature] = /^PVE:([^:]+):([0-9A-F]{8})::(.+)$/.exec(ticket) ?? [];
    const account = this.#accounts.get(user ?? '');
    const age = this.#seconds() - Number.parseInt(time ?? '0', 16);
    const good = signature === this.#sign(`PVE:${user ?? ''}:${time ?? ''}`) && age <= TICKET_SECONDS;
    if (account === undefined || !good)
      throw new ApiFault(401, 'permission denied - invalid PVE ticket', { bare: true });
    return account;
  }

  #isCsrf(given: string, user: string): boolean {
    const time = given.split(':')[0]!;
    return given === `${time}:${this.#sign(`${time}:${user}`)}`;
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64');
  }
}

/** Whether an account has one of these privileges on a path. */
export function may(account: Account, path: string, privileges: readonly string[]): boolean {
  const { grants } = account;
  if (grants === 'all') return true;
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/')) || '/') {
    if (grants[at]?.some(privilege => privileges.includes(privilege)) === true) return true;
    if (at === '/') return false;
  }
}

/** Throws the server's words when an account has none of these privileges on a path. */
export function need(account: Account, path: string, privileges: readonly string[]): void {
  if (!may(account, path, privileges))
    throw new ApiFault(403, `Permission check failed (${path}, ${privileges.join('|')})\n`);
}

/** Upper-case hexadecimal, eight digits, as in tickets and task ids. */
export function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}
