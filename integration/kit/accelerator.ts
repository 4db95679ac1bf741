import { accessSync, constants, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIES_WITH_US } from './child-of-ours.ts';
import { probeInitrd, USER_SPACE_MARKER } from './initrd.ts';
import { runProgram } from './run-program.ts';
import { workFolder } from './work-folder.ts';

/** KVM boots a kernel to user space in about a second; where it is emulated badly it never gets there. */
const PROBE_TIMEOUT_MS = 10_000;

/** What guests run on, and why. */
export interface Accelerator {
  readonly name: 'kvm' | 'tcg';
  /** Only with kvm. */
  readonly cpu: string;
  readonly because: string;
}

/**
 * Finds out whether KVM works by booting a kernel to user space with it. Neither a /dev/kvm that opens nor a QEMU
 * that starts proves anything (some clouds serve a /dev/kvm on which a distribution kernel never comes up).
 *
 * 1. `-cpu host`.
 * 2. A named model, only where the CPU itself has svm or vmx.
 * 3. Else TCG.
 *
 * @param kernel asked for only when /dev/kvm opens.
 */
export async function probeAccelerator(kernel: () => Promise<string>): Promise<Accelerator> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return { name: 'tcg', cpu: 'max', because: 'there is no /dev/kvm that opens' };
  }
  const image = await kernel();
  const hardware = /\b(?:svm|vmx)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
  for (const cpu of hardware ? ['host', 'qemu64'] : ['host']) {
    if (await bootsWith(cpu, image))
      return { name: 'kvm', cpu, because: `a kernel came up on KVM with -cpu ${cpu}` };
  }
  return {
    name: 'tcg',
    cpu: 'max',
    because: `/dev/kvm opens, but no kernel reached user space on it within ${PROBE_TIMEOUT_MS / 1000} s`,
  };
}

async function bootsWith(cpu: string, kernel: string): Promise<boolean> {
  const folder = workFolder('probe');
  const initrd = join(folder, 'initrd');
  writeFileSync(initrd, probeInitrd());
  const end = await runProgram(
    [
      ...DIES_WITH_US,
      ...['qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
      ...['-machine', 'q35', '-accel', 'kvm', '-cpu', cpu, '-smp', '1', '-m', '128', '-serial', 'stdio'],
      ...['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 quiet'],
    ],
    { timeoutMs: PROBE_TIMEOUT_MS },
  );
  rmSync(folder, { recursive: true, force: true });
  return end.stdout.includes(USER_SPACE_MARKER);
}
