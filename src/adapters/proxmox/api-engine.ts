import type { ApiRequestable } from 'proxmox-api';
import { apiRefusal, isStaleTicket } from './api-refusal.ts';
import { DEFAULT_API_DEADLINE_MS, type ApiTarget } from './api-target.ts';
import { exchange, type HttpAnswer, type HttpRequest } from './https-exchange.ts';
import { networkFailure } from './network-failure.ts';
import { NetworkError } from './verified-socket.ts';

/** Headers that show who we are. */
type Badge = Readonly<Record<string, string>>;

/** What a path may be made of: nothing in it may begin a query or climb. */
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.:@!%~-]+)+$/;

/**
 * What carries proxmox-api's calls: its own engine hangs for a minute after a failure, sends writes twice and trusts no
 * certificate of a cluster's own authority.
 *
 * 1. One deadline covers a call with all that belongs to it: name, connection, login, answer.
 * 2. A write is sent once, whatever happens. A read is sent a second time only when the ticket ran out, with a new one.
 * 3. What fails is an AppError with the server's own words; secrets are in none.
 */
export class ApiEngine implements ApiRequestable {
  readonly #target: ApiTarget;
  #badge: Badge | null = null;

  constructor(target: ApiTarget) {
    this.#target = target;
    const { login } = target;
    if (login.kind === 'token') this.#badge = { Authorization: `PVEAPIToken=${login.id}=${login.secret}` };
  }

  async doRequest(
    httpMethod: string,
    path: string,
    _template: string,
    parameters: Readonly<Record<string, unknown>> = {},
  ): Promise<unknown> {
    const method = httpMethod.toUpperCase();
    if (!PATH.test(path)) throw new Error(`Not a path of the API: ${path}`);
    const fields = new URLSearchParams(
      Object.entries(parameters).flatMap(([key, value]) => fieldOf(key, value)),
    ).toString();
    const writes = method !== 'GET';
    const inBody = method === 'PUT' || method === 'POST';
    const call = {
      method,
      path: inBody || fields === '' ? path : `${path}?${fields}`,
      ...(inBody && { body: fields }),
    };
    const run = { stop: new AbortController(), sent: false };
    const timer = setTimeout(() => {
      run.stop.abort();
    }, this.#target.deadlineMs ?? DEFAULT_API_DEADLINE_MS);
    try {
      let answer = await this.#send(call, run);
      if (!writes && isStaleTicket(answer) && this.#target.login.kind === 'password') {
        this.#badge = null;
        answer = await this.#send(call, run);
      }
      if (isStaleTicket(answer) && this.#target.login.kind === 'password') this.#badge = null;
      return dataOf(this.#target, answer);
    } catch (error) {
      if (error instanceof NetworkError)
        throw networkFailure(this.#target, error.fault, { writes, sent: run.sent }, error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #send(
    call: Omit<HttpRequest, 'headers'>,
    run: { readonly stop: AbortController; sent: boolean },
  ): Promise<HttpAnswer> {
    const { signal } = run.stop;
    this.#badge ??= await this.#logIn(signal);
    const headers = { ...this.#badge, ...(call.body !== undefined && FORM) };
    const onSent = () => {
      run.sent = true;
    };
    return exchange(this.#target, { ...call, headers }, { signal, onSent });
  }

  async #logIn(signal: AbortSignal): Promise<Badge> {
    const { login } = this.#target;
    if (login.kind === 'token') throw new Error('A token needs no ticket.');
    const body = new URLSearchParams({ username: login.user, password: login.password }).toString();
    const asked = { method: 'POST', path: '/api2/json/access/ticket', headers: FORM, body };
    const answer = await exchange(this.#target, asked, { signal, onSent: () => undefined });
    const { ticket, CSRFPreventionToken: csrf } = asObject(dataOf(this.#target, answer));
    if (typeof ticket !== 'string' || typeof csrf !== 'string')
      throw new NetworkError({
        kind: 'garbage',
        detail: 'a login without a ticket; second factors are not supported',
      });
    return { Cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}`, CSRFPreventionToken: csrf };
  }
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

function fieldOf(key: string, value: unknown): [string, string][] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'boolean') return [[key, value ? '1' : '0']];
  if (typeof value === 'string' || typeof value === 'number') return [[key, String(value)]];
  throw new Error(`The parameter ${key} is neither text nor number.`);
}

/** The data of an answer; throws the refusal, or a NetworkError for what is no answer of this API. */
function dataOf(target: ApiTarget, answer: HttpAnswer): unknown {
  if (answer.status !== 200) throw apiRefusal(target, answer);
  let body: unknown;
  try {
    body = JSON.parse(answer.text);
  } catch {
    throw new NetworkError({ kind: 'garbage', detail: 'no JSON' });
  }
  if (typeof body !== 'object' || body === null || !('data' in body))
    throw new NetworkError({ kind: 'garbage', detail: 'JSON without data' });
  return body.data;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
