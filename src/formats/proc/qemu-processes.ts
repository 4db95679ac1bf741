import type { ProcessId } from '../../domain/ledger.ts';
import type { TextTree } from '../text-tree.ts';
import { readProcessId } from './process-id.ts';

/** A QEMU that carries a guest, as its command line tells. */
export interface QemuProcess {
  readonly pid: number;
  readonly process: ProcessId;
  /**
   * The guest's name (`-name guest=NAME,…` or `-name NAME`); `qemu-PID` when the command line has none. Of a guest of
   * Proxmox VE its VMID, whose `-name` need not be unique.
   */
  readonly name: string;
  /** Proxmox VE started it; its guest is then known by its config and its scope. */
  readonly ofProxmox?: true;
  /** From `-uuid`; null when the command line has none. */
  readonly uuid: string | null;
  /** vCPUs at the start (`-smp`); 1 when the command line does not say, as in QEMU. */
  readonly vcpus: number;
}

/**
 * All processes of this tree that are QEMU with a guest. QEMU's own names: `qemu-system-…` (the kernel keeps 15
 * characters), `qemu-kvm` on Red Hat's family, `kvm` on Proxmox. Left out: those without a machine
 * (`-machine none`), which libvirt starts for a moment to learn what QEMU can.
 */
export function readQemuProcesses(tree: TextTree): QemuProcess[] {
  const found: QemuProcess[] = [];
  for (const name of tree.list('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    if (!/^(qemu|kvm$)/.test((tree.read(`/proc/${name}/comm`) ?? '').trim())) continue;
    const qemu = readQemuProcess(tree, Number(name));
    if (qemu !== null) found.push(qemu);
  }
  return found.sort((a, b) => a.pid - b.pid);
}

function readQemuProcess(tree: TextTree, pid: number): QemuProcess | null {
  const argv = (tree.read(`/proc/${pid}/cmdline`) ?? '').split('\0');
  const process = readProcessId(tree, pid);
  const machine = optionOf(argv, 'machine') ?? optionOf(argv, 'M') ?? '';
  if (process === null || argv.length < 2 || /^(type=)?none(,|$)/.test(machine)) return null;
  const vmid = vmidOf(argv);
  return {
    pid,
    process,
    name: vmid ?? guestName(optionOf(argv, 'name') ?? '') ?? `qemu-${pid}`,
    ...(vmid === null ? {} : { ofProxmox: true }),
    uuid: optionOf(argv, 'uuid') ?? null,
    vcpus: Number(/(?:^|,)(?:cpus=)?(\d{1,5})(?:,|$)/.exec(optionOf(argv, 'smp') ?? '')?.[1] ?? 1),
  };
}

/**
 * The VMID of a guest of Proxmox VE, or null. qemu-server (QemuServer.pm, config_to_command) names it in `-id`, an option of
 * its own QEMU, and in the pid file's path, which any QEMU keeps.
 */
function vmidOf(argv: readonly string[]): string | null {
  const file = /^(?:\/var)?\/run\/qemu-server\/([1-9]\d{2,8})\.pid$/.exec(optionOf(argv, 'pidfile') ?? '');
  return file?.[1] ?? /^[1-9]\d{2,8}$/.exec(optionOf(argv, 'id') ?? '')?.[0] ?? null;
}

function optionOf(argv: readonly string[], option: string): string | undefined {
  const index = argv.findIndex(word => word === `-${option}` || word === `--${option}`);
  return index < 0 ? undefined : argv[index + 1];
}

/** `guest=a,debug-threads=on` → `a`; QEMU doubles a comma inside a name. */
function guestName(text: string): string | null {
  const parts = text.replaceAll(',,', '\0').split(',');
  const named = parts.find(part => part.startsWith('guest='))?.slice('guest='.length);
  const first = parts[0] ?? '';
  const name = named ?? (first.includes('=') ? '' : first);
  return name === '' ? null : name.replaceAll('\0', ',');
}
