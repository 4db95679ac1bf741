import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import type { NodePort } from '../../app/ports.ts';
import { makeFolder, removeFolder, writeInPlace } from './kernel-files.ts';
import { localFiles } from './local-files.ts';
import { runProgram } from './run-program.ts';
import { writeAtomically } from './write-atomically.ts';

/** This machine. */
export function localNode(): NodePort {
  return {
    name: hostname().split('.')[0]!,
    files: localFiles('/'),
    run: runProgram,
    writeAtomically,
    remove: path => {
      rmSync(path, { force: true });
    },
    writeInPlace,
    makeFolder,
    removeFolder,
  };
}
