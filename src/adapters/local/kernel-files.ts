import { closeSync, constants, mkdirSync, openSync, rmdirSync, writeSync } from 'node:fs';

/** Neither makes the file (cgroupfs answers EACCES to that) nor waits for a reader, should the path be a pipe. */
const FLAGS = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_TRUNC;

/** See `NodePort.writeInPlace`. */
export function writeInPlace(path: string, text: string): string | null {
  return errorOf(() => {
    const file = openSync(path, FLAGS);
    try {
      // Node leaves out the call for an empty text, which the kernel would not hear: a lone newline is empty to it.
      const bytes = Buffer.from(text === '' ? '\n' : text);
      writeSync(file, bytes);
    } finally {
      closeSync(file);
    }
  });
}

/** See `NodePort.makeFolder`. */
export function makeFolder(path: string): string | null {
  return errorOf(() => {
    mkdirSync(path);
  }, 'EEXIST');
}

/** See `NodePort.removeFolder`. */
export function removeFolder(path: string): string | null {
  return errorOf(() => {
    rmdirSync(path);
  }, 'ENOENT');
}

function errorOf(work: () => void, fine?: string): string | null {
  try {
    work();
    return null;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return code === fine ? null : code;
  }
}
