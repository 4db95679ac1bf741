import { writeSync } from 'node:fs';

/**
 * Writes a text to standard output (1) or standard error (2) before it returns. Node's own stream takes several milliseconds
 * to be made, on each VM start. A reader that is gone reads nothing any more; what was done stays done. One that is slow on
 * a pipe which does not wait gets the rest through that stream after all.
 */
export function writeOut(descriptor: 1 | 2, text: string): void {
  let rest = Buffer.from(text);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    const stream = descriptor === 1 ? process.stdout : process.stderr;
    stream.on('error', () => undefined);
    stream.write(rest);
  }
}
