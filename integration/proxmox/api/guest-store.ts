import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileLock } from '../../../src/adapters/ledger/file-lock.ts';
import { ApiFault } from './api-fault.ts';

/** Where the configs of a node's VMs are. */
export interface GuestStore {
  list(): readonly number[];
  read(vmid: number): string | null;
  write(vmid: number, text: string): void;
  remove(vmid: number): void;
  /** Does `work` under the config's lock, for which nobody waits longer than ten seconds. */
  withLock<T>(vmid: number, work: () => T): Promise<T>;
  /** What is wrong with a hook script of this volume id, in the server's words, or null. */
  hookscriptFault(volume: string): string | null;
}

/** Configs that live in memory, and no snippet but those named. */
export function memoryStore(snippets: readonly string[] = []): GuestStore {
  const texts = new Map<number, string>();
  return {
    list: () => [...texts.keys()].sort((a, b) => a - b),
    read: vmid => texts.get(vmid) ?? null,
    write: (vmid, text) => {
      texts.set(vmid, text);
    },
    remove: vmid => {
      texts.delete(vmid);
    },
    withLock: (_, work) => Promise.resolve().then(work),
    hookscriptFault: volume => (snippets.includes(volume) ? null : `script '${volume}' does not exist\n`),
  };
}

/**
 * Configs in the tree of a node, where its hook and its SSH see the same files: `/etc/pve/nodes/NAME/qemu-server`, locks in
 * `/var/lock/qemu-server` (kernel flock, ten seconds: PVE::AbstractConfig), snippets of the storage `local` in `/var/lib/vz`.
 */
export function treeStore(root: string, node: string, patienceSeconds = 10): GuestStore {
  const folder = join(root, 'etc/pve/nodes', node, 'qemu-server');
  const place = (vmid: number) => join(folder, `${vmid}.conf`);
  return {
    list: () =>
      (existsSync(folder) ? readdirSync(folder) : [])
        .flatMap(name => /^(\d+)\.conf$/.exec(name)?.[1] ?? [])
        .map(Number)
        .sort((a, b) => a - b),
    read: vmid => (existsSync(place(vmid)) ? readFileSync(place(vmid), 'utf8') : null),
    write: (vmid, text) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${place(vmid)}.tmp`, text);
      renameSync(`${place(vmid)}.tmp`, place(vmid));
    },
    remove: vmid => {
      rmSync(place(vmid), { force: true });
    },
    withLock: async (vmid, work) => {
      const name = `/var/lock/qemu-server/lock-${vmid}.conf`;
      const release = await fileLock(join(root, name), patienceSeconds)
        .acquire()
        .catch(() => {
          throw new ApiFault(500, `can't lock file '${name}' - got timeout\n`);
        });
      try {
        return work();
      } finally {
        release();
      }
    },
    hookscriptFault: volume => {
      const [storage, path = ''] = volume.split(':');
      if (storage !== 'local') return `storage '${storage!}' does not exist\n`;
      if (!path.startsWith('snippets/')) return `'${volume}' is not in the snippets directory\n`;
      const file = join(root, 'var/lib/vz', path);
      if (!existsSync(file)) return `script '${volume}' does not exist\n`;
      return (statSync(file).mode & 0o111) === 0 ? `script '${volume}' is not executable\n` : null;
    },
  };
}
