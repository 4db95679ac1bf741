import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { AppError, EXIT } from '../../domain/app-error.ts';

/** Tokens have some 60 characters, keys and passwords fewer than this. */
const LONGEST = 4096;

/**
 * The secret in a file, without the line end. Throws an AppError unless the file belongs to this user or root and nobody
 * else may read or write it, as OpenSSH asks of keys. The secret is in no message.
 */
export function readSecret(path: string, what: string): string {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw fault(`The file ${path} with ${what} cannot be read (${code}): name one that this user may read.`);
  }
  try {
    const why = closedFault(fstatSync(file), process.getuid?.());
    if (why !== null) throw fault(`The file ${path} with ${what} ${why}: run "chmod 600" and "chown" on it.`);
    const buffer = Buffer.alloc(LONGEST + 1);
    const length = readSync(file, buffer);
    const text = buffer.toString('utf8', 0, length).replace(/\r?\n$/, '');
    if (text === '' || length > LONGEST || /[\r\n\0]/.test(text))
      throw fault(`The file ${path} must hold ${what} as its only line, of at most ${LONGEST} bytes.`);
    return text;
  } finally {
    closeSync(file);
  }
}

/** Why the file that this is known of is not kept from others, or null. */
export function closedFault(
  about: { readonly uid: number; readonly mode: number; isFile(): boolean },
  user: number | undefined,
): string | null {
  if (!about.isFile()) return 'is no file';
  if (about.uid !== 0 && about.uid !== user) return `belongs to user ${about.uid}`;
  if ((about.mode & 0o077) !== 0)
    return `may be used by others (mode ${(about.mode & 0o777).toString(8).padStart(4, '0')})`;
  return null;
}

function fault(sentence: string): AppError {
  return new AppError('secret-unusable', EXIT.usage, sentence);
}
