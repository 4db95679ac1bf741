import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Takes flock(2) on a file, which dies with this process, and answers how to give it back; null when another holder
 * stays for all of these seconds. Node has no call for it: flock(1) locks the descriptor that it inherits, and the lock
 * stays with ours.
 */
export function takeFlock(file: string, seconds: number): Promise<(() => void) | null> {
  mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, 'a');
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-x', '-w', String(seconds), '3'], {
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
    });
    child.on('error', error => {
      closeSync(descriptor);
      reject(error);
    });
    child.on('close', code => {
      if (code !== 0) closeSync(descriptor);
      resolve(
        code === 0
          ? () => {
              closeSync(descriptor);
            }
          : null,
      );
    });
  });
}
