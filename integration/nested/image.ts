import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../kit/cache-folder.ts';
import { DIES_WITH_US } from '../kit/child-of-ours.ts';
import { atTheEnd } from '../kit/clean-ups.ts';
import { bootInitrd } from '../kit/initrd.ts';
import { mustRun } from '../kit/run-program.ts';
import { shortHash } from '../kit/sha.ts';
import type { Profile } from './profile.ts';

/** A host image in the cache; all files stay as they are once it is there. */
export interface Image {
  readonly hash: string;
  /** qcow2 that overlays stand on. */
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  /** Folder with the image's own QEMU; null when it was not kept. */
  readonly qemu: string | null;
  /** Private key that root's authorized_keys knows. */
  readonly userKey: string;
  /** known_hosts with the image's host key, under {@link HOST_KEY_ALIAS}. */
  readonly knownHosts: string;
}

/** The name that the host key goes by, whatever port the machine is reached on. */
export const HOST_KEY_ALIAS = 'pinfold-nested';

/** mmdebstrap takes 35 s where the mirror is near; a slow mirror gets ten minutes. */
const BUILD_TIMEOUT_MS = 600_000;

/**
 * The profile's image from the cache, built when what it is made of (recipe, scripts, units) was never built. Keys
 * are made anew for each image, and its host key is pinned from the moment of its birth.
 *
 * @param source folder with customize.sh and units/.
 */
export function imageFor(profile: Profile, source: string): Promise<Image> {
  const sources = sourcesOf(source, profile.image.atHand !== undefined);
  const hash = shortHash([JSON.stringify(profile.image), ...sources]);
  const made = underWay.get(hash) ?? makeImage(profile, source, hash);
  underWay.set(hash, made);
  return made;
}

/** By hash; whoever asks for an image while it is built waits for it. */
const underWay = new Map<string, Promise<Image>>();

async function makeImage(profile: Profile, source: string, hash: string): Promise<Image> {
  const parent = cacheFolder('images');
  const folder = join(parent, `${profile.image.suite}-${hash}`);
  if (!existsSync(folder)) {
    for (const old of readdirSync(parent)) {
      if (old.startsWith('building-') && !existsSync(`/proc/${old.split('-')[1]!}`))
        rmSync(join(parent, old), { recursive: true, force: true });
    }
    const work = mkdtempSync(join(parent, `building-${process.pid}-`));
    const built = atTheEnd(() => {
      rmSync(work, { recursive: true, force: true });
    });
    try {
      await build(profile, source, work);
      renameSync(work, folder);
    } catch (error) {
      rmSync(work, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    } finally {
      built();
    }
  }
  const initrd = join(folder, 'initrd');
  // Renamed into its place, because another machine may be reading it.
  writeFileSync(`${initrd}.${process.pid}`, bootInitrd(join(folder, 'boot/modules')));
  renameSync(`${initrd}.${process.pid}`, initrd);
  return {
    hash: shortHash([hash, readFileSync(initrd)]),
    disk: join(folder, 'base.qcow2'),
    kernel: join(folder, 'boot/vmlinuz'),
    initrd,
    qemu: profile.image.keepsQemu ? join(folder, 'qemu') : null,
    userKey: join(folder, 'keys/user_ed25519'),
    knownHosts: join(folder, 'known_hosts'),
  };
}

function sourcesOf(source: string, hasAptSource: boolean): string[] {
  const units = readdirSync(join(source, 'units'))
    .sort()
    .map(name => join('units', name));
  const scripts = [
    ...['customize.sh', 'keep-qemu.sh', 'firmware-that-rests.sh'],
    ...(hasAptSource ? ['apt-source.sh'] : []),
  ];
  return [...scripts, ...units].flatMap(name => [name, readFileSync(join(source, name), 'utf8')]);
}

async function build(profile: Profile, source: string, work: string): Promise<void> {
  const { image } = profile;
  const options = { timeoutMs: BUILD_TIMEOUT_MS };
  mkdirSync(join(work, 'keys'), { mode: 0o700 });
  for (const name of ['host', 'user']) {
    const file = join(work, `keys/${name}_ed25519`);
    await mustRun(
      ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', `pinfold-${name}`, '-f', file],
      options,
    );
  }
  const publicKey = (name: string) => readFileSync(join(work, `keys/${name}_ed25519.pub`), 'utf8');
  writeFileSync(join(work, 'keys/authorized_keys'), publicKey('user'));
  writeFileSync(join(work, 'known_hosts'), `${HOST_KEY_ALIAS} ${publicKey('host')}`);
  const root = join(work, 'root');
  await mustRun(
    [
      ...DIES_WITH_US,
      ...['mmdebstrap', '--mode=root', '--variant=minbase', '--aptopt=Apt::Install-Recommends "false"'],
      ...['man', 'doc', 'locale'].map(name => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      `--include=${image.packages.join(',')}`,
      `--customize-hook=${join(source, 'customize.sh')} "$1"`,
      ...(image.keepsQemu
        ? [`--customize-hook=${join(source, 'keep-qemu.sh')} "$1" ${join(work, 'qemu')}`]
        : []),
      `--customize-hook=${join(source, 'firmware-that-rests.sh')} "$1"`,
      ...(image.atHand === undefined
        ? []
        : [`--customize-hook=${join(source, 'apt-source.sh')} "$1" ${image.atHand.join(' ')}`]),
      ...[image.suite, root, ...image.sources],
    ],
    {
      ...options,
      env: {
        ...process.env,
        LC_ALL: 'C',
        KERNEL_PACKAGE: image.kernelPackage,
        OUT: join(work, 'boot'),
        SSH_KEYS: join(work, 'keys'),
        HERE: source,
      },
    },
  );
  const raw = join(work, 'raw');
  await mustRun(['mke2fs', '-q', '-t', 'ext4', '-d', root, raw, `${image.diskMiB}M`], options);
  const disk = join(work, 'base.qcow2');
  await mustRun(
    ['qemu-img', 'convert', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd', raw, disk],
    options,
  );
  rmSync(raw);
  rmSync(root, { recursive: true });
}
