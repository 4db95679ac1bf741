import { writeFileSync } from 'node:fs';
import { writeAtomically } from '../adapters/local/write-atomically.ts';
import { writeFailure } from '../adapters/local/write-failure.ts';
import { kindOf } from './check-output-file.ts';
import { print } from './output.ts';

/** A picture is for everybody who may enter its folder; it says no more than `ps` does. */
const PICTURE_MODE = 0o644;

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
