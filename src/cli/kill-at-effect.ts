import type { NodePort } from '../app/ports.ts';

/**
 * A tree's node on which this process dies by SIGKILL before its n-th effect (a program run, a file or group written, made or removed), n from the
 * environment's PINFOLD_KILL_AT_EFFECT: so tests see what each moment leaves behind. Without it the node is as it was.
 */
export function killAtEffect(node: NodePort): NodePort {
  const last = Number(process.env['PINFOLD_KILL_AT_EFFECT'] ?? '');
  if (!Number.isInteger(last) || last < 1) return node;
  let effects = 0;
  const count = () => {
    effects += 1;
    if (effects === last) process.kill(process.pid, 'SIGKILL');
  };
  return {
    ...node,
    run: (argv, options) => {
      count();
      return node.run(argv, options);
    },
    writeAtomically: (path, text, mode) => {
      count();
      node.writeAtomically(path, text, mode);
    },
    writeInPlace: (path, text) => {
      count();
      return node.writeInPlace(path, text);
    },
    makeFolder: path => {
      count();
      return node.makeFolder(path);
    },
    removeFolder: path => {
      count();
      return node.removeFolder(path);
    },
  };
}
