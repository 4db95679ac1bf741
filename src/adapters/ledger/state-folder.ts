import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync, type Stats } from 'node:fs';
import { AppError, EXIT } from '../../domain/app-error.ts';

/** Made by tmpfiles.d (templates/opennebula) or by root. */
export const RUN_FOLDER = '/run/pinfold';
/** Where a user who may not write to /run keeps the state; the ledger's boot id makes it void after a reboot. */
export const FALLBACK_FOLDER = '/var/tmp/one-pinfold';

/**
 * The folder of this machine's state, made when it is missing. Whoever calls must get the same answer on one
 * node, so what exists goes first:
 *
 * 1. `/run/pinfold` when it is there and we may write to it;
 * 2. `/var/tmp/one-pinfold` when it is there;
 * 3. `/run/pinfold` when we can make it (root), else `/var/tmp/one-pinfold`.
 *
 * The fallback lies where everybody may write, so one that belongs to somebody else than this user or root, that everybody
 * may write to, or that is a link, is refused.
 */
export function stateFolder(): string {
  if (isWritable(RUN_FOLDER)) return RUN_FOLDER;
  if (existsSync(FALLBACK_FOLDER) || !makeFolder(RUN_FOLDER)) {
    makeFolder(FALLBACK_FOLDER);
    checkOwner(FALLBACK_FOLDER);
    return FALLBACK_FOLDER;
  }
  return RUN_FOLDER;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function makeFolder(folder: string): boolean {
  try {
    // mkdir(2) cuts the mode by the umask and never sets the group's bit; answers undefined for what was there.
    if (mkdirSync(folder, { recursive: true }) !== undefined) chmodSync(folder, 0o2770);
    return true;
  } catch {
    return false;
  }
}

function checkOwner(folder: string): void {
  const about = lstatSync(folder, { throwIfNoEntry: false });
  if (about === undefined) return;
  const fault = faultOf(about, process.getuid?.());
  if (fault !== null)
    throw new AppError(
      'state-folder-foreign',
      EXIT.state,
      `The state folder ${folder} ${fault}, so it cannot be trusted: remove it, or let tmpfiles.d make ${RUN_FOLDER}.`,
    );
}

/** What keeps this user from trusting a folder of which this is known, or null. */
export function faultOf(
  about: Pick<Stats, 'isDirectory' | 'uid' | 'mode'>,
  user: number | undefined,
): string | null {
  if (!about.isDirectory()) return 'is no folder';
  if (about.uid !== 0 && about.uid !== user) return `belongs to user ${about.uid}`;
  return (about.mode & 0o002) === 0 ? null : 'may be written by everybody';
}
