import { readFileSync } from 'node:fs';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { expandHome } from './expand-home.ts';

/** Where nodes.yaml is looked for; the user's own goes first. */
const PLACES = ['~/.config/pinfold/nodes.yaml', '/etc/pinfold/nodes.yaml'];

/** The first nodes.yaml that there is: `PINFOLD_NODES`, the user's, the machine's. Throws an AppError when there is none. */
export function findNodesFile(environment: Readonly<Record<string, string | undefined>>): {
  readonly path: string;
  readonly text: string;
} {
  const given = environment['PINFOLD_NODES'] ?? '';
  const places = (given === '' ? PLACES : [given]).map(path => expandHome(path, environment));
  for (const path of places) {
    try {
      return { path, text: readFileSync(path, 'utf8') };
    } catch (cause) {
      const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        throw new AppError(
          'nodes-unreadable',
          EXIT.usage,
          `${path} cannot be read (${code}): let this user read it, or leave --node out.`,
          cause,
        );
    }
  }
  throw new AppError(
    'nodes-missing',
    EXIT.usage,
    `--node needs to know how nodes are reached, and there is no ${places.join(' and no ')}: write one (templates/nodes.yaml is an example), or leave --node out.`,
  );
}
