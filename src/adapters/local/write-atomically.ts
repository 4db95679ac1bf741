import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { writeFailure } from './write-failure.ts';

/**
 * Writes a whole file or nothing: a temporary file beside it, fsync, rename. A failure leaves the old file as it
 * was and no temporary one, and throws the sentence of {@link writeFailure}.
 */
export function writeAtomically(path: string, text: string, mode = 0o640): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  let descriptor: number | null = null;
  try {
    mkdirSync(dirname(path), { recursive: true });
    descriptor = openSync(temporary, 'w', mode);
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
    // pmxcfs gives each file its mode and refuses to have it changed.
    const hasMode = (fstatSync(descriptor).mode & 0o7777) === mode;
    closeSync(descriptor);
    descriptor = null;
    if (!hasMode) chmodSync(temporary, mode);
    renameSync(temporary, path);
  } catch (cause) {
    if (descriptor !== null) closeSync(descriptor);
    rmSync(temporary, { force: true });
    throw writeFailure(path, cause);
  }
}
