import { spawn } from 'node:child_process';
import {
  copyFileSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../src/domain/app-error.ts';
import { cacheFolder } from '../kit/cache-folder.ts';
import { atTheEnd } from '../kit/clean-ups.ts';
import { DIES_WITH_US } from '../kit/child-of-ours.ts';
import { processIdentity } from '../kit/process-identity.ts';
import { MAKE_QUICK_NODE } from '../kit/quick-node.ts';
import { mustRun } from '../kit/run-program.ts';
import { shortHash } from '../kit/sha.ts';
import type { Steps } from '../kit/steps.ts';
import { sleep, waitUntil } from '../kit/wait-until.ts';
import { workFolder } from '../kit/work-folder.ts';
import { LARGE_PAGES, LIBVIRT_ASKS_LESS } from './easy-to-emulate.ts';
import type { Image } from './image.ts';
import type { Profile } from './profile.ts';
import { monitorCommand, monitorRequest } from './qmp.ts';
import { qemuArguments } from './qemu-arguments.ts';
import type { QemuProgram } from './qemu-program.ts';
import { onMachine, scriptOn, type MachineAccess } from './ssh.ts';

/** A nested host that runs. */
export interface Machine {
  readonly profile: string;
  /** QEMU, as `pid:starttime`. */
  readonly process: string;
  readonly folder: string;
  readonly ssh: MachineAccess;
}

/** What the console shows when the machine will never come up. */
const PANIC = /Kernel panic|Oops:|BUG: unable to handle|PINFOLD-NO-ROOT|not syncing/;

/** How to make the clean-up forget a machine, by its process. */
const ends = new Map<string, () => void>();

/** Resuming takes 4 to 8 s on two busy cores. */
const RESUME_TIMEOUT_MS = 90_000;

/** A first start inside: libvirt asks QEMU what it can, once, which takes long under TCG; the snapshot holds it. */
function warmUp(profile: Profile): string {
  return [
    'set -e',
    ...(profile.guests === 'kvm'
      ? ['modprobe kvm_amd', 'systemctl restart libvirtd', 'test -c /dev/kvm']
      : []),
    'systemctl is-system-running --wait || systemctl --failed',
    `virsh -c qemu:///system domcapabilities --virttype ${profile.guests} > /dev/null`,
    // All emulators are asked at the first call; OpenNebula's user must get an answer, too.
    'virsh -c qemu:///system capabilities > /dev/null',
    LIBVIRT_ASKS_LESS,
    'setpriv --reuid oneadmin --regid oneadmin --init-groups virsh -c qemu:///system list > /dev/null',
    // Else the first login of a while starts root's own systemd, and the last one ends it: two seconds each time.
    'loginctl enable-linger root',
    // What an administrator's or the node's own daily look does.
    profile.image.atHand === undefined ? MAKE_QUICK_NODE : 'apt-get -q update',
    'sync; echo 3 > /proc/sys/vm/drop_caches',
  ].join('\n');
}

/**
 * Starts a machine of this profile: from its snapshot when there is one, else from the image, and then makes the
 * snapshot. `staysAfterUs`: QEMU outlives this process (`nested up`); else the kernel ends it with us.
 */
export async function startMachine(
  profile: Profile,
  image: Image,
  {
    qemu,
    steps,
    staysAfterUs,
  }: { readonly qemu: QemuProgram; readonly steps: Steps; readonly staysAfterUs: boolean },
): Promise<Machine> {
  const snapshot = snapshotPath(profile, image, qemu);
  if (!existsSync(snapshot)) {
    const first = await launch(profile, image, { qemu, snapshot: null, staysAfterUs: false });
    try {
      await steps.step(`boot ${profile.name} to a login`, () => reachLogin(first, profile.bootTimeoutMs));
      await steps.step('ask libvirt and Node inside once', () =>
        scriptOn(first.ssh, warmUp(profile), { timeoutMs: 180_000 }),
      );
      await steps.step('save the snapshot', async () => {
        await monitorCommand(join(first.folder, 'monitor'), 'savevm ready', 60_000);
        await monitorCommand(join(first.folder, 'monitor'), 'quit', 20_000).catch(() => '');
        await waitUntil(() => (processIdentity(pidOf(first)) === null ? true : null), {
          what: 'QEMU to end after savevm',
          timeoutMs: 20_000,
        });
        copyFileSync(join(first.folder, 'disk.qcow2'), `${snapshot}.${process.pid}`);
        renameSync(`${snapshot}.${process.pid}`, snapshot);
        removeOlderSnapshots(profile, snapshot);
      });
    } finally {
      stopMachine(first);
    }
  }
  const machine = await launch(profile, image, { qemu, snapshot, staysAfterUs });
  try {
    await steps.step(`resume ${profile.name} from its snapshot`, () =>
      reachLogin(machine, RESUME_TIMEOUT_MS),
    );
  } catch (error) {
    stopMachine(machine);
    throw error;
  }
  return machine;
}

/**
 * Reboots the machine as an administrator does and waits for a login under another boot id. It is started with
 * `-no-reboot`, so that a panic ends it; that is lifted meanwhile.
 */
export async function rebootMachine(machine: Machine, profile: Profile): Promise<void> {
  const bootId = () => scriptOn(machine.ssh, 'cat /proc/sys/kernel/random/boot_id', { timeoutMs: 15_000 });
  const before = await bootId();
  await onReboot(machine, 'reset');
  await scriptOn(machine.ssh, 'systemctl --no-block reboot', { timeoutMs: 30_000 });
  await waitUntil(() => bootId().then(now => (now === before ? null : true), notYet), {
    what: `${profile.name} to come back from its reboot`,
    timeoutMs: profile.bootTimeoutMs,
    everyMs: 1000,
    explain: () => consoleTail(machine),
  });
  await onReboot(machine, 'shutdown');
}

async function onReboot(machine: Machine, what: 'reset' | 'shutdown'): Promise<void> {
  const request = { execute: 'set-action', arguments: { reboot: what } };
  await monitorRequest(join(machine.folder, 'monitor'), request, 20_000);
}

/** No answer: it is still on its way down or up. */
function notYet(): null {
  return null;
}

/** Kills the machine's QEMU if it is still that process, and removes its files. */
export function stopMachine(machine: Machine): void {
  const pid = pidOf(machine);
  if (processIdentity(pid) === machine.process) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended in this very moment.
    }
  }
  rmSync(machine.folder, { recursive: true, force: true });
}

/** Whether its QEMU still runs. */
export function machineRuns(machine: Machine): boolean {
  return processIdentity(pidOf(machine)) === machine.process;
}

/** The last lines of its console. */
export function consoleTail(machine: Machine, lines = 30): string {
  try {
    return readFileSync(join(machine.folder, 'console'), 'utf8').split('\n').slice(-lines).join('\n');
  } catch {
    return '(no console)';
  }
}

function pidOf(machine: Machine): number {
  return Number(machine.process.split(':')[0]);
}

/** The snapshot of this QEMU, this image and this whole command line. */
function snapshotPath(profile: Profile, image: Image, qemu: QemuProgram): string {
  const line = qemuArguments(profile, image, { disk: 'D', console: 'C', monitor: 'M', port: 0 });
  const name = `${profile.name}-${shortHash([qemu.version, image.hash, ...line, warmUp(profile)])}.qcow2`;
  return join(cacheFolder('snapshots'), name);
}

/** Snapshots of this profile's earlier forms; nobody will ask for them again. */
function removeOlderSnapshots(profile: Profile, kept: string): void {
  const older = new RegExp(`^${profile.name}-[0-9a-f]{16}\\.qcow2$`);
  for (const name of readdirSync(dirname(kept)))
    if (older.test(name) && name !== basename(kept)) rmSync(join(dirname(kept), name));
}

async function launch(
  profile: Profile,
  image: Image,
  {
    qemu,
    snapshot,
    staysAfterUs,
  }: { readonly qemu: QemuProgram; readonly snapshot: string | null; readonly staysAfterUs: boolean },
): Promise<Machine> {
  const folder = staysAfterUs
    ? mkdtempSync(join(cacheFolder('up'), `${profile.name}-`))
    : workFolder('nested');
  const disk = join(folder, 'disk.qcow2');
  if (snapshot === null) {
    const create = ['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', image.disk, '-F', 'qcow2', disk];
    await mustRun(create, { timeoutMs: 20_000 });
  } else copyFileSync(snapshot, disk, constants.COPYFILE_FICLONE);
  const port = await freePort();
  const places = { disk, port, console: join(folder, 'console'), monitor: join(folder, 'monitor') };
  const argv = [
    ...(staysAfterUs ? [] : DIES_WITH_US),
    ...qemu.argv,
    ...qemuArguments(profile, image, places),
    ...(snapshot === null ? [] : ['-loadvm', 'ready']),
  ];
  const said = openSync(join(folder, 'qemu.log'), 'a');
  const child = spawn(argv[0]!, argv.slice(1), {
    stdio: ['ignore', said, said],
    detached: staysAfterUs,
    env: { ...qemu.environment, ...LARGE_PAGES },
  });
  child.unref();
  child.on('error', () => undefined);
  // setpriv becomes QEMU by exec, so pid and start time are QEMU's from the start.
  const identity = child.pid === undefined ? null : processIdentity(child.pid);
  if (identity === null) {
    throw new Error(`QEMU did not start:\n${readFileSync(join(folder, 'qemu.log'), 'utf8')}`);
  }
  const machine = {
    profile: profile.name,
    process: identity,
    folder,
    ssh: { port, userKey: image.userKey, knownHosts: image.knownHosts },
  };
  ends.set(
    identity,
    atTheEnd(() => {
      stopMachine(machine);
    }),
  );
  return machine;
}

/** From now on the machine outlives the clean-up of this process. */
export function letStay(machine: Machine): void {
  ends.get(machine.process)?.();
}

/** Waits for a login; a panic on the console or the end of QEMU ends the wait at once. */
async function reachLogin(machine: Machine, timeoutMs: number): Promise<void> {
  await waitUntil(
    async () => {
      if (!machineRuns(machine)) {
        const said = readFileSync(join(machine.folder, 'qemu.log'), 'utf8');
        throw new Error(`QEMU of ${machine.profile} ended:\n${said}\n${consoleTail(machine)}`);
      }
      const tail = consoleTail(machine, 200);
      if (PANIC.test(tail))
        throw new Error(`The kernel of ${machine.profile} panicked:\n${consoleTail(machine)}`);
      try {
        const end = await onMachine(machine.ssh, node => node.run(['true'], { timeoutMs: 15_000 }));
        if (end.code === 0) return true;
      } catch (error) {
        // Another machine's host key is no reason to go on waiting.
        if (error instanceof AppError && error.code.startsWith('host-key')) throw error;
      }
      await sleep(200);
      return null;
    },
    { what: `a login on ${machine.profile}`, timeoutMs, explain: () => consoleTail(machine) },
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}
