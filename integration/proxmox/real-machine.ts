import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { runProgram } from '../kit/run-program.ts';
import { sleep } from '../kit/wait-until.ts';
import { monitorCommand } from './monitor.ts';
import { PveError } from './pve-error.ts';
import type { End, HookCall, Launch, PveMachine } from './pve-machine.ts';
import { RUN } from './qemu-command.ts';
import { takeFlock } from './take-flock.ts';

/** A program that hangs must not hold a VM's lock for ever; under TCG a start of QEMU takes ten seconds. */
const PROGRAM_TIMEOUT_MS = 300_000;
/** PVE waits 3 to 5 s for an answer; QEMU under TCG inside TCG needs more. */
const MONITOR_TIMEOUT_MS = 30_000;
/** Seconds that an old scope may take to go (wait_for_unit_removed). */
const UNIT_SECONDS = 20;

/** This machine, with its systemd and its QEMU; needs root. `log` takes the lines of the task's log. */
export function realMachine(log: (line: string) => void): PveMachine {
  const pidOf = (vmid: string) => livePid(vmid);
  return {
    name: hostname(),
    read,
    write: writeWhole,
    remove(path) {
      rmSync(path, { force: true });
    },
    kindOf,
    lock: takeFlock,
    hook: call => runHook(call, log),
    endUnit,
    launch,
    pidOf,
    monitor: (vmid, command) =>
      monitorCommand(`${RUN}/${vmid}.qmp`, { vmid, command, timeoutMs: MONITOR_TIMEOUT_MS }),
    signal(pid, name) {
      try {
        process.kill(pid, name);
      } catch {
        // It ended in this very moment.
      }
      return Promise.resolve();
    },
    sleep,
    log,
  };
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  // The kernel's files are written in place; a config is replaced whole, as the cluster file system does.
  if (path.startsWith('/sys/')) {
    writeFileSync(path, text);
    return;
  }
  writeFileSync(`${path}.tmp.${process.pid}`, text);
  renameSync(`${path}.tmp.${process.pid}`, path);
}

function kindOf(path: string): 'missing' | 'file' | 'executable' {
  try {
    if (!statSync(path).isFile()) return 'missing';
    accessSync(path, constants.X_OK);
    return 'executable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'file' : 'missing';
  }
}

/** The hook is a child of the task's worker, which later starts QEMU; its PATH is the one seen on a real node. */
async function runHook(call: HookCall, log: (line: string) => void): Promise<End> {
  const environment = Object.entries<string | null | undefined>({
    ...process.env,
    ...call.environment,
    PATH: '/sbin:/bin:/usr/sbin:/usr/bin',
  }).filter(([, value]) => value !== null);
  const end = await runProgram([call.script, call.vmid, call.phase], {
    env: Object.fromEntries(environment) as NodeJS.ProcessEnv,
    timeoutMs: PROGRAM_TIMEOUT_MS,
  });
  const output = end.stdout + end.stderr;
  for (const line of output.split('\n').filter(Boolean)) log(line);
  return { code: end.code, output };
}

async function endUnit(unit: string): Promise<void> {
  const ask = (...words: string[]) => runProgram(['systemctl', ...words, unit], { timeoutMs: 60_000 });
  await ask('reset-failed');
  await ask('stop');
  for (let tries = 0; ; tries += 1) {
    const { stdout } = await ask('show', '--property=ActiveState', '--value');
    if (/^(?:inactive|failed)?$/.test(stdout.trim())) return;
    if (tries >= UNIT_SECONDS) throw new PveError(`unit ${unit} is still there after ${UNIT_SECONDS} s`);
    await sleep(1000);
  }
}

/** systemd-run --scope makes the transient unit with its own process in it, as PVE does, and becomes the program. */
async function launch({ vmid, argv, properties }: Launch): Promise<End> {
  mkdirSync(RUN, { recursive: true });
  const { Slice: slice = '', ...others } = properties;
  const end = await runProgram(
    [
      ...['systemd-run', '--scope', '--quiet', `--unit=${vmid}`, `--slice=${slice}`],
      `--description=Proxmox VE VM ${vmid}`,
      ...Object.entries(others).map(([name, value]) => `--property=${name}=${value}`),
      '--',
      ...withoutOwnOptions(argv),
    ],
    { timeoutMs: PROGRAM_TIMEOUT_MS },
  );
  return { code: end.code, output: end.stdout + end.stderr };
}

/** `-id VMID` is an option of Proxmox's own QEMU, which Debian's refuses. */
function withoutOwnOptions(argv: readonly string[]): string[] {
  const at = argv.indexOf('-id');
  return argv.filter((_, index) => at < 0 || index < at || index > at + 1);
}

/**
 * check_running (PVE::QemuServer::Helpers): the pid file's process must be this VM's QEMU, which the real one tells by
 * `-id` and this one, for want of it, by `-pidfile`.
 */
function livePid(vmid: string): number | null {
  const file = `${RUN}/${vmid}.pid`;
  const pid = Number(read(file) ?? 0);
  const words = pid > 0 ? (read(`/proc/${pid}/cmdline`) ?? '').split('\0') : [];
  return words.includes(file) ? pid : null;
}
