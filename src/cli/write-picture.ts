import { statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeAtomically } from '../adapters/local/write-atomically.ts';
import { writeFailure } from '../adapters/local/write-failure.ts';
import { AppError, EXIT } from '../domain/app-error.ts';
import { clip } from '../domain/cpu-list.ts';
import { print } from './output.ts';

/** A picture is for everybody who may enter its folder; it says no more than `ps` does. */
const PICTURE_MODE = 0o644;

/** Throws an AppError of exit code 2 for a file that cannot be meant: a folder, or a file in none. */
export function checkPictureFile(file: string): void {
  if (file === '-') return;
  if (kindOf(file) === 'folder')
    throw new AppError('usage', EXIT.usage, `${clip(file)} is a folder: name the file in it to write to.`);
  if (kindOf(dirname(file)) !== 'folder')
    throw new AppError(
      'usage',
      EXIT.usage,
      `${clip(file)} cannot be written, because there is no folder ${clip(dirname(file))}: make it first.`,
    );
}

/** Writes a whole picture or nothing; `-` is standard output, and a device or pipe is written as it is. */
export async function writePicture(file: string, text: string): Promise<void> {
  if (file === '-') {
    await print(text);
    return;
  }
  if (kindOf(file) !== 'other') {
    writeAtomically(file, text, PICTURE_MODE);
    return;
  }
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw writeFailure(file, cause);
  }
}

function kindOf(path: string): 'none' | 'file' | 'folder' | 'other' {
  try {
    const found = statSync(path);
    if (found.isDirectory()) return 'folder';
    return found.isFile() ? 'file' : 'other';
  } catch {
    // What may not be looked at cannot be written either, which the writing then tells.
    return 'none';
  }
}
