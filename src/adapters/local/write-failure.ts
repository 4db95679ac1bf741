import { dirname } from 'node:path';
import { AppError, EXIT } from '../../domain/app-error.ts';

/** The sentence for a file that could not be written, by the reason that the kernel gave. */
export function writeFailure(path: string, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new AppError('state-not-writable', EXIT.state, sentence(code, path), cause);
}

function sentence(code: string, path: string): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `There is no space left to write ${path}: free some space below ${dirname(path)} and try again.`;
    case 'EROFS':
      return `${path} cannot be written because its file system is mounted read-only: mount it read-write and try again.`;
    case 'EACCES':
    case 'EPERM':
      return `This user may not write ${path}: give it write permission on ${dirname(path)} and try again.`;
    default:
      return `${path} could not be written (${code}): check the folder ${dirname(path)} and try again.`;
  }
}
