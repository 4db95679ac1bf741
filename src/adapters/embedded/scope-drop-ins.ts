import type { TreeFiles } from './tree-files.ts';

/** Folders of drop-ins, the strongest first (systemd.unit(5)). */
const UNIT_FOLDERS = ['/etc/systemd/system', '/run/systemd/system'];
/** Where set-property keeps what it was told about a running scope; systemd wrote that itself, and sees it. */
const TRANSIENT = '/run/systemd/transient';

/**
 * systemd's own list of drop-in folders, one path a line; on a real node nobody can see it. Recorded on systemd 257, with
 * pve-guests.service and pve-ha-lrm.service loaded as on any node: a folder that is made later is not seen by a scope that
 * starts (`Cpus_allowed` of all CPUs), until systemd is asked for a unit that it does not know or reloads; a file in a folder
 * that it knows takes effect at once.
 */
const SEEN = '/run/systemd/.paths-seen';

/** Reads the list anew. */
export function refreshPaths(files: TreeFiles): void {
  const folders = UNIT_FOLDERS.flatMap(folder =>
    files
      .list(folder)
      .filter(name => name.endsWith('.d'))
      .map(name => `${folder}/${name}`),
  );
  files.write({ path: SEEN, text: folders.map(folder => `${folder}\n`).join('') });
}

/** The drop-ins of a unit that systemd knows of, in the order in which it reads them. */
export function pathsSeen(files: TreeFiles, unit: string): readonly string[] {
  const seen = (files.read(SEEN) ?? '').split('\n');
  const folders = UNIT_FOLDERS.map(folder => `${folder}/${unit}.d`).filter(folder => seen.includes(folder));
  return [...folders, `${TRANSIENT}/${unit}.d`].flatMap(folder =>
    files
      .list(folder)
      .filter(name => name.endsWith('.conf'))
      .map(name => `${folder}/${name}`),
  );
}

/** The value of a setting in the drop-ins of a unit that systemd knows of; a later file wins. null = not set. */
export function settingSeen(files: TreeFiles, unit: string, name: string): string | null {
  const lines = pathsSeen(files, unit).flatMap(path => (files.read(path) ?? '').split('\n'));
  return (
    lines
      .filter(line => line.startsWith(`${name}=`))
      .at(-1)
      ?.slice(name.length + 1) ?? null
  );
}
