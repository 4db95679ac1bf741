import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs';
import type { TextTree } from '../../formats/text-tree.ts';

/** Longer files are refused: the longest that is read (the ledger of a node with 1000 guests) is far below it. */
const LONGEST = 8 * 1024 * 1024;

/**
 * sysfs gives a whole file, or this much at a time: a shorter piece is its last. Saves a call for each file of a topology.
 * cgroupfs does not: its long lists come in pieces of whole lines.
 */
const SYSFS_PIECE = 4096;

/** Never waits for a writer, should the path be a pipe. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * The files below `root` (`/` for this machine's own) as UTF-8 text, read when asked for. A file that is missing,
 * cannot be read or is longer than 8 MiB is null; a folder that is missing is empty. Links are followed, so a tree
 * with absolute links leads out of it.
 */
export function localFiles(root: string): TextTree {
  const prefix = root.replace(/\/+$/, '');
  let buffer = Buffer.allocUnsafe(16 * 1024);
  return {
    read(path) {
      let file = -1;
      try {
        file = openSync(prefix + path, FLAGS);
        let length = 0;
        // /proc and /sys hand out a file in pieces and state no length, so only an empty piece is the end.
        for (;;) {
          const piece = readSync(file, buffer, length, buffer.length - length, null);
          length += piece;
          if (piece === 0 || (piece < SYSFS_PIECE && isOfSysfs(path)))
            return buffer.toString('utf8', 0, length);
          if (length > LONGEST) return null;
          if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(length)]);
        }
      } catch {
        return null;
      } finally {
        if (file >= 0) closeSync(file);
      }
    },
    list(path) {
      try {
        return readdirSync(prefix + path).sort();
      } catch {
        return [];
      }
    },
  };
}

function isOfSysfs(path: string): boolean {
  return path.startsWith('/sys/') && !path.startsWith('/sys/fs/cgroup/');
}
