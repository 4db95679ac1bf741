import { rmSync } from 'node:fs';
import type { NodePort } from '../../app/ports.ts';
import { makeFolder, removeFolder, writeInPlace } from './kernel-files.ts';
import { localFiles } from './local-files.ts';
import { runProgram } from './run-program.ts';
import { writeAtomically } from './write-atomically.ts';

/** This machine. */
export function localNode(): NodePort {
  const files = localFiles('/');
  return {
    name: (files.read('/proc/sys/kernel/hostname') ?? 'localhost').trim().split('.')[0]!,
    files,
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
