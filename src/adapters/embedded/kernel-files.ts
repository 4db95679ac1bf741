import { dirname } from 'node:path';
import type { NodePort } from '../../app/ports.ts';
import { CGROUP_ROOT } from '../../formats/cgroup/cgroup-file.ts';
import { makeGroup, removeGroup, writeCgroupFile } from './cgroup-kernel.ts';
import { KernelError } from './kernel-error.ts';
import type { TreeFiles } from './tree-files.ts';
import { withTreeLock } from './tree-lock.ts';

/** What a node writes into its kernel, on a tree: cgroupfs answers as the kernel does, any other file takes all. */
export function kernelFiles(
  files: TreeFiles,
): Pick<NodePort, 'writeInPlace' | 'makeFolder' | 'removeFolder'> {
  const atOnce = (work: () => void) => withTreeLock(files, () => errorOf(work));
  return {
    writeInPlace: (path, text) => {
      if (files.read(path) === null) return 'ENOENT';
      return atOnce(() => {
        if (isCgroup(path)) writeCgroupFile(files, path, text);
        else files.write({ path, text });
      });
    },
    makeFolder: path => {
      if (!isCgroup(path) && !files.exists(dirname(path))) return 'ENOENT';
      return atOnce(() => {
        if (isCgroup(path)) makeGroup(files, path);
        else files.placeOf(`${path}/.`);
      });
    },
    removeFolder: path => {
      if (!files.exists(path)) return null;
      if (!isCgroup(path) && files.list(path).length > 0) return 'ENOTEMPTY';
      return atOnce(() => {
        if (isCgroup(path)) removeGroup(files, path);
        else files.remove(path);
      });
    },
  };
}

function isCgroup(path: string): boolean {
  return (path === CGROUP_ROOT || path.startsWith(`${CGROUP_ROOT}/`)) && !path.includes('..');
}

function errorOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof KernelError) return error.errno;
    throw error;
  }
}
