/**
 * A tree of text files as formats read it: the node's own, a tree under `--root`, or a snapshot that came over
 * the network. Paths are absolute (`/sys/devices/system/cpu/online`).
 */
export interface TextTree {
  /** The file's whole text, or null when it is missing or cannot be read. */
  read(path: string): string | null;
  /** The names in a folder, sorted; empty when it is missing. */
  list(path: string): readonly string[];
}

/** A tree made of these texts by path, as generators and snapshots give it. */
export function textTreeOf(files: ReadonlyMap<string, string>): TextTree {
  const folders = new Map<string, Set<string>>();
  for (const path of files.keys()) {
    const parts = path.split('/').slice(1);
    for (let depth = 0; depth < parts.length; depth += 1) {
      const folder = `/${parts.slice(0, depth).join('/')}`;
      const names = folders.get(folder) ?? new Set<string>();
      folders.set(folder, names.add(parts[depth]!));
    }
  }
  return {
    read: path => files.get(path) ?? null,
    list: path => [...(folders.get(path) ?? [])].sort(),
  };
}
