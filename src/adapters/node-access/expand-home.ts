import { homedir } from 'node:os';
import { join } from 'node:path';

/** A path whose `~/` is the user's home, as a shell reads it. */
export function expandHome(
  path: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return path.startsWith('~/') ? join(environment['HOME'] ?? homedir(), path.slice(2)) : path;
}
