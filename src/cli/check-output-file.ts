import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, EXIT } from '../domain/app-error.ts';
import { clip } from '../domain/cpu-list.ts';

/**
 * Throws an AppError of exit code 2 for a file that cannot be meant: a folder, or a file in none; `-` is standard output.
 *
 * @param folder what becomes of a folder that is not there.
 */
export function checkOutputFile(file: string, folder: 'must-be' | 'is-made' = 'must-be'): void {
  if (file === '-') return;
  if (kindOf(file) === 'folder')
    throw new AppError('usage', EXIT.usage, `${clip(file)} is a folder: name the file in it to write to.`);
  const parent = kindOf(dirname(file));
  if (parent !== 'folder' && (folder === 'must-be' || parent !== 'none'))
    throw new AppError(
      'usage',
      EXIT.usage,
      `${clip(file)} cannot be written, because there is no folder ${clip(dirname(file))}: make it first.`,
    );
}

/** What lies there; what may not be looked at is none. */
export function kindOf(path: string): 'none' | 'file' | 'folder' | 'other' {
  try {
    const found = statSync(path);
    if (found.isDirectory()) return 'folder';
    return found.isFile() ? 'file' : 'other';
  } catch {
    // What may not be looked at cannot be written either, which the writing then tells.
    return 'none';
  }
}
