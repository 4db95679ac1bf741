import { AppError, EXIT } from '../../domain/app-error.ts';
import type { ApiSettings } from '../../domain/node-settings.ts';
import type { ApiLogin } from '../proxmox/api-target.ts';
import { expandHome } from './expand-home.ts';
import { readSecret } from './read-secret.ts';

/** Where a login may come from besides files. */
export const LOGIN_VARIABLES = ['PINFOLD_API_TOKEN', 'PINFOLD_API_USER', 'PINFOLD_API_PASSWORD'] as const;

/**
 * Who enters the API of a node, the first of
 *
 * 1. `PINFOLD_API_TOKEN` (`user@realm!name=UUID`);
 * 2. `PINFOLD_API_PASSWORD`, for `PINFOLD_API_USER`, else the node's `user`, else root@pam;
 * 3. the node's `token_file`;
 * 4. its `password_file`, for its `user`, else root@pam.
 */
export function apiLogin(
  node: string,
  settings: ApiSettings,
  environment: Readonly<Record<string, string | undefined>>,
): ApiLogin {
  const [token, user, password] = LOGIN_VARIABLES.map(name => environment[name] ?? '');
  if (token !== '') return tokenLogin(token!, 'PINFOLD_API_TOKEN');
  const asked = user !== '' ? user! : (settings.user ?? 'root@pam');
  if (password !== '') return { kind: 'password', user: asked, password: password! };
  const { token_file: tokenFile, password_file: passwordFile } = settings;
  if (tokenFile !== undefined) {
    const path = expandHome(tokenFile, environment);
    return tokenLogin(readSecret(path, 'an API token'), path);
  }
  if (passwordFile !== undefined) {
    const secret = readSecret(expandHome(passwordFile, environment), `the password of ${asked}`);
    return { kind: 'password', user: asked, password: secret };
  }
  throw new AppError(
    'login-missing',
    EXIT.usage,
    `Nothing says how to enter the API of ${node}: give its token_file or password_file in nodes.yaml, or set PINFOLD_API_TOKEN.`,
  );
}

function tokenLogin(text: string, place: string): ApiLogin {
  const [, id, secret] =
    /^([^\s@!=]+@[\w.-]+![\w.-]+)=([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$/.exec(text) ?? [];
  if (id !== undefined && secret !== undefined) return { kind: 'token', id, secret };
  throw new AppError(
    'token-malformed',
    EXIT.usage,
    `${place} holds no API token: write it as "user@realm!name=UUID", as "pveum user token add" prints its parts.`,
  );
}
