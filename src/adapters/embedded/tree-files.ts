import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';

import { AppError, EXIT } from '../../domain/app-error.ts';
import type { TextTree } from '../../formats/text-tree.ts';

/** A file of a tree as it is written. */
export interface FileToWrite {
  readonly path: string;
  readonly text: string;
  /** Permission bits of a new file; 0644 when left out. */
  readonly mode?: number;
}

/** Read 64 KiB at a time: more than any sysfs or proc file of a machine with 1024 CPUs. */
const CHUNK = 65536;

/**
 * The files below one folder, by the absolute paths that they would have on a real machine. Nothing outside the
 * folder is read or written: a path that climbs above it with `..`, or that a symbolic link leads out of it, is
 * missing when read and refused when written.
 */
export class TreeFiles implements TextTree {
  /** The folder, free of symbolic links. */
  readonly root: string;
  readonly #buffer = Buffer.allocUnsafe(CHUNK);
  #temporary = 0;

  constructor(root: string) {
    // realpath(3) of "" is the folder that one happens to be in.
    if (root === '')
      throw new AppError(
        'E_ROOT',
        EXIT.usage,
        'The tree given with --root has no name: name the folder that stands in place of "/".',
      );
    try {
      this.root = realpathSync(root);
    } catch (cause) {
      throw new AppError(
        'E_ROOT',
        EXIT.usage,
        `The tree ${root} given with --root does not exist: name the folder that stands in place of "/".`,
        cause,
      );
    }
    if (this.root === '/')
      throw new AppError(
        'E_ROOT',
        EXIT.usage,
        'The tree given with --root is "/", the machine itself: leave --root out to work on that.',
      );
  }

  read(path: string): string | null {
    const place = this.#inside(path);
    if (place === null) return null;
    let file: number;
    try {
      // Never waits for a writer, should the path be a pipe.
      file = openSync(place, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch {
      return null;
    }
    try {
      // The kernel's own name of what was opened: symbolic links are resolved, and nobody can swap it any more.
      return this.#holds(readlinkSync(`/proc/self/fd/${file}`)) ? this.#readAll(file) : null;
    } catch {
      return null;
    } finally {
      closeSync(file);
    }
  }

  list(path: string): readonly string[] {
    const place = this.#inside(path);
    if (place === null) return [];
    try {
      return this.#holds(realpathSync.native(place)) ? readdirSync(place).sort() : [];
    } catch {
      return [];
    }
  }

  /** Whether something of this path exists inside the tree. */
  exists(path: string): boolean {
    const place = this.#inside(path);
    if (place === null || !existsSync(place)) return false;
    return this.#holds(realpathSync.native(place));
  }

  /**
   * Writes a whole file or nothing, by a temporary file beside it; makes missing folders. It does not wait for the
   * disk: a tree need not survive a loss of power.
   */
  write(file: FileToWrite): void {
    const place = this.#writable(file.path);
    this.#temporary += 1;
    const temporary = join(dirname(place), `.${process.pid}-${this.#temporary}.tmp`);
    try {
      const handle = openSync(temporary, 'wx', file.mode ?? 0o644);
      try {
        writeSync(handle, file.text);
      } finally {
        closeSync(handle);
      }
      renameSync(temporary, place);
    } catch (cause) {
      rmSync(temporary, { force: true });
      throw cause;
    }
  }

  /** Appends in one call, so that lines of parallel processes never mix. */
  append(path: string, text: string): void {
    appendFileSync(this.#writable(path), text);
  }

  /** Removes a file, or a folder with all in it; missing is fine. */
  remove(path: string): void {
    if (this.exists(dirname(path))) rmSync(this.#writable(path), { recursive: true, force: true });
  }

  /** Renames a file or folder inside the tree. */
  move(from: string, to: string): void {
    renameSync(this.#writable(from), this.#writable(to));
  }

  /** The place on the real disk, for programs that need one (flock); missing folders are made. */
  placeOf(path: string): string {
    return this.#writable(path);
  }

  #writable(path: string): string {
    const place = this.#inside(path);
    const folder = place === null ? null : this.#makeFolder(dirname(place));
    if (place === null || folder === null) {
      throw new AppError(
        'E_ROOT',
        EXIT.usage,
        `${path} lies outside the tree ${this.root}, so nothing was written: take out the ".." or the symbolic link.`,
      );
    }
    return place;
  }

  /** Makes a folder with its parents, or answers null when it would lie outside the tree. */
  #makeFolder(folder: string): string | null {
    let ancestor = folder;
    while (!existsSync(ancestor)) ancestor = dirname(ancestor);
    if (!this.#holds(realpathSync.native(ancestor))) return null;
    if (ancestor !== folder) mkdirSync(folder, { recursive: true });
    return folder;
  }

  #inside(path: string): string | null {
    // Nearly every path, and by far the quickest; the kernel does not mind a doubled slash.
    if (path.startsWith('/') && !path.includes('..')) return this.root + path;
    // Relative to no folder, a path that climbs above the root keeps its leading "..".
    const relative = posix.normalize(path.replace(/^\/+/, ''));
    return relative === '..' || relative.startsWith('../') ? null : join(this.root, relative);
  }

  #holds(place: string): boolean {
    return place === this.root || place.startsWith(`${this.root}/`);
  }

  #readAll(file: number): string {
    const first = readSync(file, this.#buffer, 0, CHUNK, null);
    if (first < CHUNK) return this.#buffer.toString('utf8', 0, first);
    const parts = [Buffer.from(this.#buffer)];
    for (;;) {
      const count = readSync(file, this.#buffer, 0, CHUNK, null);
      if (count === 0) return Buffer.concat(parts).toString('utf8');
      parts.push(Buffer.from(this.#buffer.subarray(0, count)));
    }
  }
}
