import { statSync } from 'node:fs';

import { AppError, EXIT } from '../domain/app-error.ts';
import { clip } from '../domain/cpu-list.ts';

/** The folder given with `--root`, or undefined when none was. Throws an AppError when it is no folder. */
export function checkRoot(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  const fault = faultOf(folder);
  if (fault === null) return folder;
  throw new AppError(
    'usage',
    EXIT.usage,
    `The tree ${clip(folder)} given with --root ${fault}: name the folder that stands in place of "/".`,
  );
}

function faultOf(folder: string): string | null {
  try {
    return statSync(folder).isDirectory() ? null : 'is no folder';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? 'does not exist'
      : `cannot be read (${code ?? 'unknown error'})`;
  }
}
