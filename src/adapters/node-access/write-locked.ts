import { createHash } from 'node:crypto';
import { AppError, EXIT } from '../../domain/app-error.ts';
import type { SshNode } from '../ssh/open-ssh-node.ts';

/** Seconds to wait for the lock: as long as Proxmox VE's own tools do (pve-guest-common, `lock_config`). */
const PATIENCE_S = 10;
const [BUSY, CHANGED] = [75, 76];

/**
 * Arguments: lock file, guarded file (empty: none), its SHA-1, then pairs of path and number of bytes (`-`: remove it).
 * Standard input holds the bytes of all files, one behind the other.
 *
 * 1. Take all bytes into files beside their places: a link that breaks in the middle has changed nothing.
 * 2. Take the lock and look at the guarded file.
 * 3. Put the files in place in their order.
 */
const SCRIPT = [
  'set -eu',
  'lock=$1 guard=$2 sum=$3; shift 3',
  'new=.pinfold.$$',
  'cleanup() { for f in "$@"; do rm -f -- "$f$new"; done; }',
  'trap \'cleanup "$@"\' EXIT',
  'name=',
  'for word in "$@"; do',
  '  if [ -z "$name" ]; then name=$word; continue; fi',
  '  if [ "$word" != - ]; then',
  '    mkdir -p -- "$(dirname -- "$name")"',
  '    head -c "$word" > "$name$new"',
  '    [ "$(wc -c < "$name$new")" -eq "$word" ] || { echo "not all of $name came" >&2; exit 1; }',
  '  fi',
  '  name=',
  'done',
  'mkdir -p -- "$(dirname -- "$lock")"',
  'exec 9>> "$lock"',
  `flock -w ${PATIENCE_S} 9 || exit ${BUSY}`,
  'if [ -n "$guard" ]; then',
  '  have=$(sha1sum < "$guard") || have=',
  `  [ "\${have%% *}" = "$sum" ] || exit ${CHANGED}`,
  'fi',
  'for word in "$@"; do',
  '  if [ -z "$name" ]; then name=$word; continue; fi',
  '  if [ "$word" = - ]; then rm -f -- "$name"; else mv -fT -- "$name$new" "$name"; fi',
  '  name=',
  'done',
].join('\n');

/** Files that are written on a node all or not at all, as long as a guarded one still says what it said. */
export interface RemoteWrite {
  readonly lockFile: string;
  /** An empty path: nothing is guarded. */
  readonly guard: { readonly path: string; readonly text: string };
  readonly files: readonly { readonly path: string; readonly text: string | null }[];
}

/** Writes in one round trip under a lock of the node. Throws an AppError when it was not done, or may not have been. */
export async function writeLocked(ssh: SshNode, { lockFile, guard, files }: RemoteWrite): Promise<void> {
  const sum = guard.path === '' ? '-' : createHash('sha1').update(guard.text).digest('hex');
  const pairs = files.flatMap(({ path, text }) => [
    path,
    text === null ? '-' : String(Buffer.byteLength(text)),
  ]);
  const end = await ssh.run(['sh', '-c', SCRIPT, 'pinfold', lockFile, guard.path, sum, ...pairs], {
    stdin: files.map(({ text }) => text ?? '').join(''),
    timeoutMs: (PATIENCE_S + 20) * 1000,
  });
  if (end.code === 0) return;
  const said =
    end.stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/[.\s]+$/, '') ?? '';
  if (end.code === CHANGED)
    throw new AppError(
      'config-changed',
      EXIT.state,
      `${guard.path} on ${ssh.name} was changed by somebody else meanwhile, so nothing was written: look at the change again and repeat it.`,
    );
  if (end.code === BUSY)
    throw new AppError(
      'vm-busy',
      EXIT.state,
      `Another task on ${ssh.name} held ${lockFile} for more than ${PATIENCE_S} s, so nothing was written: wait until it has ended, then try again.`,
    );
  if (end.code === null)
    throw new AppError(
      'node-unreachable',
      EXIT.unreachable,
      `${ssh.name} did not say whether it wrote (${said}): it may have been done all the same, so look before you repeat it.`,
    );
  throw new AppError(
    'node-refused',
    EXIT.unreachable,
    `${ssh.name} could not write (${said === '' ? `exit code ${end.code}` : said}), and nothing was changed: mend that there first.`,
  );
}
