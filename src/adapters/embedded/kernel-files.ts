import { dirname } from 'node:path';
import type { NodePort } from '../../app/ports.ts';
import type { TreeFiles } from './tree-files.ts';

/** What a node writes into its kernel, on a tree. */
export function kernelFiles(
  files: TreeFiles,
): Pick<NodePort, 'writeInPlace' | 'makeFolder' | 'removeFolder'> {
  return {
    writeInPlace: (path, text) => {
      if (files.read(path) === null) return 'ENOENT';
      files.write({ path, text });
      return null;
    },
    makeFolder: path => {
      if (!files.exists(dirname(path))) return 'ENOENT';
      if (!files.exists(path)) files.placeOf(`${path}/.`);
      return null;
    },
    removeFolder: path => {
      if (!files.exists(path)) return null;
      if (files.list(path).length > 0) return 'ENOTEMPTY';
      files.remove(path);
      return null;
    },
  };
}
