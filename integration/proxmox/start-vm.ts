import { checkLock, loadConfig, underConfigLock, writeConfig } from './config-file.ts';
import { execHook } from './exec-hook.ts';
import { releaseHugePages, reserveHugePages, resetHugePages } from './huge-pages.ts';
import { hugePagesOf } from './memory-arguments.ts';
import { PveError } from './pve-error.ts';
import type { PveMachine } from './pve-machine.ts';
import { qemuCommand, scopeProperties } from './qemu-command.ts';
import { type ConfigSection, pendingOf, withPendingApplied } from './vm-config.ts';

/** How a start differs from a plain one. */
export interface StartOptions {
  /** The node that the VM comes from when this is the target side of a live migration. */
  readonly migratedFrom: string | null;
}

/**
 * Starts a VM in the order of QemuServer.pm's vm_start (Q:5504-6043 of qemu-server 9.2.6), the lock held throughout:
 *
 * 1. Take the config's lock and read the config, once: whatever is written to it from now on does not reach this start.
 * 2. Put in force what was pending, write that, and read it back.
 * 3. Set PVE_MIGRATED_FROM, empty when nothing is migrated (Q:5628).
 * 4. pre-start; a failure ends the start, and no other phase is called (Q:5631).
 * 5. Make the command from the config of step 2 (Q:5682).
 * 6. End a scope that an earlier QEMU left, and wait for it to go (Q:5750-5760).
 * 7. Reserve huge pages for that config (Q:5840-5863).
 * 8. In a new scope of qemu.slice, run QEMU, which daemonizes (Q:5810). Should it end instead, neither post-start nor
 *    post-stop is called.
 * 9. Ask its monitor.
 * 10. post-start; a failure is a warning (Q:6029).
 */
export function startVm(machine: PveMachine, vmid: string, options: StartOptions): Promise<void> {
  return underConfigLock(machine, vmid, async () => {
    const config = readForStart(machine, vmid, options);
    const environment = { PVE_MIGRATED_FROM: options.migratedFrom ?? '' };
    const vm = { vmid, config };
    await execHook(machine, vm, { name: 'pre-start', environment, stopOnError: true });
    await launchQemu(machine, vm);
    const pid = machine.pidOf(vmid);
    if (pid === null) throw new PveError('start failed: QEMU is gone');
    await machine.monitor(vmid, 'query-status');
    await execHook(machine, vm, { name: 'post-start', environment, stopOnError: false });
  });
}

function readForStart(machine: PveMachine, vmid: string, { migratedFrom }: StartOptions): ConfigSection {
  const config = loadConfig(machine, vmid, migratedFrom);
  if (config.main.settings.get('template') === '1')
    throw new PveError("you can't start a vm if it's a template");
  checkLock(config);
  if (machine.pidOf(vmid) !== null) throw new PveError(`VM ${vmid} already running`);
  if (pendingOf(config) === null || migratedFrom !== null) return config.main;
  writeConfig(machine, vmid, withPendingApplied(config));
  return loadConfig(machine, vmid).main;
}

async function launchQemu(
  machine: PveMachine,
  { vmid, config }: { readonly vmid: string; readonly config: ConfigSection },
): Promise<void> {
  const argv = qemuCommand(vmid, config, {
    exists: cell => machine.read(`/sys/devices/system/node/node${cell}/cpulist`) !== null,
  });
  const pages = hugePagesOf(config);
  await machine.endUnit(`${vmid}.scope`);
  const before = pages === null ? null : reserveHugePages(machine, pages);
  const end = await machine.launch({ vmid, argv, properties: scopeProperties(config) });
  for (const line of end.output.split('\n').filter(Boolean)) machine.log(line);
  if (end.code !== 0) {
    if (pages !== null && before !== null) resetHugePages(machine, pages, before);
    const how = end.code === null ? 'got signal 9' : `QEMU exited with code ${end.code}`;
    throw new PveError(`start failed: ${how}`);
  }
  if (pages !== null && config.settings.get('keephugepages') !== '1') releaseHugePages(machine, pages);
}
