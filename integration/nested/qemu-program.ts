import { join } from 'node:path';
import { runProgram } from '../kit/run-program.ts';
import type { Image } from './image.ts';

/** A QEMU that can be started, and what it says it is. */
export interface QemuProgram {
  readonly argv: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** First line of `--version`. */
  readonly version: string;
}

const SYSTEM = ['qemu-system-x86_64'];

/**
 * Oldest major version that boots every host well. QEMU 7.2 panics kernel 6.12 with `thread=multi`, and Debian 12's
 * scenarios took 169 s of CPU time under it and 93 under 10.0, which also had one thread and an easier CPU.
 */
const LEAST_QEMU = 10;

/**
 * The QEMU that boots the hosts: the machine's own where it is new enough, else the one that an image keeps, run by the image's own
 * loader and libraries.
 */
export async function qemuFor(keeper: () => Promise<Image>): Promise<QemuProgram> {
  const own = await versionOf(SYSTEM, process.env);
  if (own !== null && majorOf(own) >= LEAST_QEMU)
    return { argv: SYSTEM, environment: process.env, version: own };
  const { qemu } = await keeper();
  if (qemu === null)
    throw new Error(`QEMU ${LEAST_QEMU} or newer is needed; this machine has: ${own ?? 'none'}.`);
  const lib = join(qemu, 'lib');
  const argv = [
    ...[join(lib, 'ld-linux-x86-64.so.2'), '--library-path', lib],
    ...[join(qemu, 'qemu-system-x86_64'), '-L', join(qemu, 'share')],
  ];
  const environment = { ...process.env, QEMU_MODULE_DIR: join(qemu, 'modules') };
  const version = await versionOf(argv, environment);
  if (version === null) throw new Error(`The QEMU that the image keeps does not run: ${argv.join(' ')}`);
  return { argv, environment, version };
}

async function versionOf(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<string | null> {
  const end = await runProgram([...argv, '--version'], { timeoutMs: 20_000, env });
  return end.code === 0 ? end.stdout.split('\n')[0]! : null;
}

function majorOf(version: string): number {
  return Number(/version (\d+)\./.exec(version)?.[1] ?? 0);
}
