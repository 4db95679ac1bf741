import { AppError, EXIT } from '../../domain/app-error.ts';
import { apiPlace, loginName, type ApiTarget } from './api-target.ts';
import type { HttpAnswer } from './https-exchange.ts';

/** The server's own words, from the body where there is one, else the reason of the status line. */
export function serverWords({ status, reason, text }: HttpAnswer): string {
  const body = bodyOf(text);
  const message = typeof body['message'] === 'string' ? body['message'] : reason;
  const errors = typeof body['errors'] === 'object' && body['errors'] !== null ? body['errors'] : {};
  const wrong = Object.entries(errors).map(([key, fault]) => `${key}: ${String(fault)}`);
  const words = [wrong.length > 0 ? message.replace(/[.\s]+$/, ':') : message, wrong.join('; ')].join(' ');
  return tidy(words) || `status ${status}`;
}

/** A 401 of a ticket that ran out, or that the server has never given. */
export function isStaleTicket({ status, reason }: HttpAnswer): boolean {
  return status === 401 && reason.includes('invalid PVE ticket');
}

/** The sentence for a refusal of the server; what is known of Proxmox's words decides what to do about it. */
export function apiRefusal(target: ApiTarget, answer: HttpAnswer): AppError {
  const words = serverWords(answer);
  const place = apiPlace(target);
  const who = loginName(target.login);
  const { unreachable, state, usage } = EXIT;
  if (isStaleTicket(answer))
    return new AppError(
      'api-ticket-expired',
      unreachable,
      `${place} no longer takes the ticket of ${who} ("${words}"), and nothing was done: run the command again, and compare the clocks if it stays so.`,
    );
  if (answer.status === 401 && target.login.kind === 'token')
    return new AppError(
      'api-token-refused',
      unreachable,
      `${place} does not accept ${who} ("${words}"): check the token's name and secret, or make a new one with "pveum user token add".`,
    );
  if (answer.status === 401)
    return new AppError(
      'api-login-refused',
      unreachable,
      `${place} does not let ${who} in ("${words}"): check user, realm and password.`,
    );
  if (answer.status === 403)
    return new AppError(
      'api-forbidden',
      unreachable,
      `${who.replace(/^t/, 'T')} has not the right that this needs on ${place} ("${words}"): grant the privilege in brackets on that path, to the token itself when it is one with privileges of its own.`,
    );
  const known = KNOWN_WORDS.find(({ pattern }) => pattern.test(words));
  if (known !== undefined)
    return new AppError(known.code, known.exit, `${place} says "${words}": ${known.advice}.`);
  if (answer.status === 400)
    return new AppError(
      'api-parameters-refused',
      usage,
      `${place} refuses what was asked ("${words}"): nothing was written.`,
    );
  if (answer.status === 595 || answer.status === 596)
    return new AppError(
      'api-node-offline',
      unreachable,
      `${place} cannot reach the node itself ("${words}"): check that the node is up.`,
    );
  return new AppError(
    'api-refused',
    answer.status >= 500 ? state : unreachable,
    `${place} refuses ("${words}", status ${answer.status}): mend that there first.`,
  );
}

/** Refusals that PVE's code words itself (status 500). */
const KNOWN_WORDS: readonly {
  readonly pattern: RegExp;
  readonly code: string;
  readonly exit: number;
  readonly advice: string;
}[] = [
  {
    pattern: /^only root can set '/,
    code: 'api-root-only',
    exit: EXIT.unreachable,
    advice:
      'no token may do that, not even one of root@pam, so log in as root@pam with a password_file, or give ssh for this node in nodes.yaml',
  },
  {
    pattern: /^checksum mismatch/,
    code: 'config-changed',
    exit: EXIT.state,
    advice: 'somebody changed this config in the meantime, and nothing was written; look at the change anew',
  },
  {
    pattern: /^Configuration file '.*' does not exist$/,
    code: 'vm-missing',
    exit: EXIT.usage,
    advice: 'name a VM that is on this node',
  },
  {
    pattern: /^hostname lookup '/,
    code: 'node-unknown',
    exit: EXIT.usage,
    advice: 'write the name that Proxmox has for the node as "name" in nodes.yaml',
  },
  {
    pattern: /^(VM is locked|can't lock file)/,
    code: 'vm-locked',
    exit: EXIT.state,
    advice: 'wait until what holds it has ended, and nothing was written',
  },
];

function bodyOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** One line without controls, not endless, without a full stop. */
function tidy(words: string): string {
  return words
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .replace(/\.$/, '')
    .slice(0, 400);
}
