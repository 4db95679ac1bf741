import { textTreeOf, type TextTree } from '../../formats/text-tree.ts';
import { shellQuote } from './shell-quote.ts';

/** Which files of a node to read: patterns of a shell, of absolute paths. */
export interface FilesToRead {
  readonly patterns: readonly string[];
  /** Patterns below `/proc/PID/` of each process that by its name is a QEMU (`readQemuProcesses`). */
  readonly ofQemu?: readonly string[];
}

/**
 * The command that prints all these files in one go: each as its path below `/`, a NUL, its bytes, a NUL, by one grep that
 * takes a file for a single line; then a NUL and the paths of the files that are empty. A thousand files are one process,
 * not a thousand. Folders, devices and what may not be read are left out.
 */
export function readFilesCommand({ patterns, ofQemu = [] }: FilesToRead): string {
  const plain = patterns.map(unquotedPattern).map(pattern => pattern.slice(1));
  const below = ofQemu.map(pattern => `"$p"${unquotedPattern(`/${pattern}`)}`).join(' ');
  const qemus =
    ofQemu.length === 0
      ? ''
      : String.raw`for p in proc/[0-9]*; do c=; read -r c < "$p/comm"; case $c in qemu*|kvm) printf '%s\0' "$p/comm" ${below};; esac; done 2> /dev/null; `;
  const list = String.raw`list() { printf '%s\0' ${plain.join(' ')}; ${qemus}}`;
  const grep = 'LC_ALL=C xargs -0 grep -asz -d skip -D skip --null';
  const script = `${list}; list | ${grep} -H '' --; printf '\\0'; list | ${grep} -L '' --; exit 0`;
  return `cd / && ${shellQuote(['sh', '-c', script])}`;
}

/** Only what a pattern is made of may reach the shell without quotes. */
function unquotedPattern(pattern: string): string {
  if (!/^\/[\w./:*?[\]-]*$/.test(pattern)) throw new Error(`Not a pattern of absolute paths: ${pattern}`);
  return pattern;
}

/**
 * The files that {@link readFilesCommand} printed, by absolute paths. A file with NULs inside (`/proc/PID/cmdline`) came as several pieces
 * and is joined again; a NUL at its very end is not kept. Output that breaks off is an error.
 */
export function parseFiles(output: Buffer): TextTree {
  const pieces = output.toString('utf8').split('\0');
  const files = new Map<string, string>();
  let at = 0;
  for (; pieces[at] !== ''; at += 2) {
    const text = pieces[at + 1];
    if (text === undefined || at + 2 >= pieces.length)
      throw new Error('The files of the node broke off in the middle.');
    const path = `/${pieces[at]!}`;
    const before = files.get(path);
    files.set(path, before === undefined ? text : `${before}\0${text}`);
  }
  for (const path of pieces.slice(at + 1, -1)) if (!files.has(`/${path}`)) files.set(`/${path}`, '');
  return textTreeOf(files);
}

/**
 * The script (its arguments: path, mode, number of bytes) that writes its standard input to a file, whole or not at
 * all: a link that breaks in the middle leaves the old file.
 */
const WRITE = [
  'set -eu',
  'folder=$(dirname -- "$1")',
  'mkdir -p -- "$folder"',
  'new=$(mktemp -- "$1.XXXXXXXX")',
  'trap \'rm -f -- "$new"\' EXIT',
  'cat > "$new"',
  'got=$(wc -c < "$new")',
  '[ "$got" -eq "$3" ] || { echo "only $got of $3 bytes came" >&2; exit 1; }',
  'chmod "$2" "$new"',
  'sync "$new"',
  'mv -fT -- "$new" "$1"',
].join('\n');

/** The argv that writes standard input, `bytes` long, to a file atomically. */
export function writeFileArgv(path: string, mode: number, bytes: number): string[] {
  return ['sh', '-c', WRITE, 'write', path, mode.toString(8), String(bytes)];
}
