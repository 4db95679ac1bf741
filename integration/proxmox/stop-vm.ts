import { checkLock, loadConfig, underConfigLock } from './config-file.ts';
import { execHook } from './exec-hook.ts';
import { PveError } from './pve-error.ts';
import type { PveMachine } from './pve-machine.ts';
import { RUN } from './qemu-command.ts';
import type { ConfigSection } from './vm-config.ts';

/** Seconds that a stop waits for QEMU to go before it is ended by force (vm_stop). */
const STOP_SECONDS = 60;
/** And those between SIGTERM and SIGKILL. */
const TERM_SECONDS = 10;
const STEP_MS = 250;

/** `qm stop` and `qm shutdown`. */
export interface StopOptions {
  /** The guest is asked; without, QEMU is told to quit. */
  readonly shutdown: boolean;
  /** After the timeout of a shutdown: end QEMU by force. */
  readonly forceStop: boolean;
  readonly timeoutSeconds: number | null;
}

/**
 * Stops a VM (vm_stop, Q:6250-6330): pre-stop (Q:6265; its failure is a warning), then QEMU's monitor, SIGTERM and
 * SIGKILL in this order, then the clean-up with post-stop (Q:6244). PVE_MIGRATED_FROM is not set here.
 */
export function stopVm(machine: PveMachine, vmid: string, options: StopOptions): Promise<void> {
  return underConfigLock(machine, vmid, async () => {
    const pid = machine.pidOf(vmid);
    if (pid === null) return;
    const loaded = loadConfig(machine, vmid);
    checkLock(loaded);
    const vm = { vmid, config: loaded.main };
    await execHook(machine, vm, { ...STOP_PHASE, name: 'pre-stop' });
    await endQemu(machine, vmid, options);
    await cleanUp(machine, vm);
  });
}

/** How the VM's QEMU ended, as qmeventd saw it. */
export interface CleanupOptions {
  /** QEMU said that it shuts down. */
  readonly clean: boolean;
  /** The guest asked for it. */
  readonly guest: boolean;
}

/**
 * `qm cleanup`, which qmeventd calls for every QEMU that has ended (CLI/qm.pm:1095-1165). An end that the host asked
 * for is cleaned up by who asked; a crash and a guest's power-off are cleaned up here, without pre-stop.
 */
export function cleanUpVm(
  machine: PveMachine,
  vmid: string,
  { clean, guest }: CleanupOptions,
): Promise<void> {
  return underConfigLock(machine, vmid, async () => {
    const { main } = loadConfig(machine, vmid);
    for (let waited = 0; machine.pidOf(vmid) !== null; waited += STEP_MS) {
      if (waited > 30_000) throw new PveError('vm still running');
      await machine.sleep(STEP_MS);
    }
    if (!clean || guest) await cleanUp(machine, { vmid, config: main });
  });
}

const STOP_PHASE = { environment: { PVE_MIGRATED_FROM: null }, stopOnError: false } as const;

async function cleanUp(
  machine: PveMachine,
  vm: { readonly vmid: string; readonly config: ConfigSection },
): Promise<void> {
  for (const ending of ['pid', 'qmp', 'vnc']) machine.remove(`${RUN}/${vm.vmid}.${ending}`);
  await execHook(machine, vm, { ...STOP_PHASE, name: 'post-stop' });
}

async function endQemu(machine: PveMachine, vmid: string, options: StopOptions): Promise<void> {
  const seconds = options.timeoutSeconds ?? STOP_SECONDS;
  try {
    await machine.monitor(vmid, options.shutdown ? 'system_powerdown' : 'quit');
    if (await isGone(machine, vmid, seconds)) return;
    if (options.shutdown && !options.forceStop) throw new PveError('VM quit/powerdown failed - got timeout');
  } catch (error) {
    if (!(error instanceof PveError) || (options.shutdown && !options.forceStop)) throw error;
    machine.log(error.message);
  }
  machine.log('VM still running - terminating now with SIGTERM');
  await signal(machine, vmid, 'SIGTERM');
  if (await isGone(machine, vmid, TERM_SECONDS)) return;
  machine.log('VM still running - terminating now with SIGKILL');
  await signal(machine, vmid, 'SIGKILL');
  if (!(await isGone(machine, vmid, TERM_SECONDS))) throw new PveError('VM cannot be stopped');
}

async function signal(machine: PveMachine, vmid: string, name: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const pid = machine.pidOf(vmid);
  if (pid !== null) await machine.signal(pid, name);
}

async function isGone(machine: PveMachine, vmid: string, seconds: number): Promise<boolean> {
  for (let waited = 0; waited <= seconds * 1000; waited += STEP_MS) {
    if (machine.pidOf(vmid) === null) return true;
    await machine.sleep(STEP_MS);
  }
  return false;
}
