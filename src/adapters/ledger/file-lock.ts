import { spawn } from 'node:child_process';
import { closeSync, fchmodSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, EXIT } from '../../domain/app-error.ts';
import type { NodeLock } from '../../app/ports.ts';
import { writeFailure } from '../local/write-failure.ts';

/** How long a start waits for its turn: decisions take tens of milliseconds, so 10 s outlasts hundreds of them. */
export const LOCK_WAIT_SECONDS = 10;

/** flock(1)'s exit code when the time is over. */
const CONFLICT = 1;

/**
 * The node's lock as a kernel flock on this file, which dies with its holder. Node has no call for it:
 *
 * 1. Open the file; Node opens close-on-exec, so that no program started later keeps it.
 * 2. flock(1) locks the descriptor that it inherits. The lock belongs to the open file, not to that process, so
 *    it stays when flock(1) ends.
 * 3. Closing the descriptor gives the lock back.
 *
 * `acquire` starts flock(1) before it returns, so that the caller can read meanwhile.
 */
export function fileLock(path: string, waitSeconds = LOCK_WAIT_SECONDS): NodeLock {
  return {
    acquire() {
      let descriptor: number;
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o2770 });
        descriptor = openSync(path, 'a+', 0o660);
        shareWithGroup(descriptor);
      } catch (cause) {
        return Promise.reject(writeFailure(path, cause));
      }
      return lockDescriptor(descriptor, path, waitSeconds);
    },
  };
}

/** The umask takes the group's right to write away, without which its other members could not take the lock. */
function shareWithGroup(descriptor: number): void {
  const { uid, mode } = fstatSync(descriptor);
  if (uid === process.getuid?.() && (mode & 0o660) !== 0o660) fchmodSync(descriptor, 0o660);
}

function lockDescriptor(descriptor: number, path: string, waitSeconds: number): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const give = (error: AppError) => {
      closeSync(descriptor);
      reject(error);
    };
    const child = spawn('flock', ['-x', '-w', String(waitSeconds), '3'], {
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
    });
    child.once('error', cause => {
      give(
        new AppError(
          'lock-tool-missing',
          EXIT.state,
          `The program flock (package util-linux) could not be started, and without it two starts on this node could take the same CPUs: install it.`,
          cause,
        ),
      );
    });
    child.once('exit', code => {
      if (code === 0) {
        let held = true;
        resolve(() => {
          if (held) closeSync(descriptor);
          held = false;
        });
      } else {
        const sentence =
          code === CONFLICT
            ? `Another start held the lock ${path} for more than ${waitSeconds} s: see with "fuser ${path}" who holds it, then try again.`
            : `The lock ${path} could not be taken: flock(1) ended with ${code === null ? 'a signal' : `exit code ${code}`}; check that flock of util-linux works on this file system.`;
        give(new AppError(code === CONFLICT ? 'lock-busy' : 'lock-failed', EXIT.state, sentence));
      }
    });
  });
}
