import { join } from 'node:path';
import { runProgram } from '../kit/run-program.ts';
import type { Image } from './image.ts';
import type { Profile } from './profile.ts';

/** A QEMU that can be started, and what it says it is. */
export interface QemuProgram {
  readonly argv: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** First line of `--version`. */
  readonly version: string;
}

const SYSTEM = ['qemu-system-x86_64'];

/**
 * The QEMU that boots this profile: the machine's own where it is new enough, else the one that the image was built
 * with, run by the image's own loader and libraries. (QEMU 7.2 with `thread=multi` panics kernel 6.12: races while
 * the kernel patches its own text.)
 */
export async function qemuFor(profile: Profile, image: Image): Promise<QemuProgram> {
  const own = await versionOf(SYSTEM, process.env);
  if (own !== null && majorOf(own) >= profile.leastQemu)
    return { argv: SYSTEM, environment: process.env, version: own };
  if (image.qemu === null)
    throw new Error(
      `${profile.name} needs QEMU ${profile.leastQemu} or newer; this machine has: ${own ?? 'none'}.`,
    );
  const lib = join(image.qemu, 'lib');
  const argv = [
    ...[join(lib, 'ld-linux-x86-64.so.2'), '--library-path', lib],
    ...[join(image.qemu, 'qemu-system-x86_64'), '-L', join(image.qemu, 'share')],
  ];
  const environment = { ...process.env, QEMU_MODULE_DIR: join(image.qemu, 'modules') };
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
