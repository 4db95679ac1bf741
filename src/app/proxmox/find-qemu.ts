import type { ProcessId } from '../../domain/ledger.ts';
import { readProcessId } from '../../formats/proc/process-id.ts';
import { readQemuProcesses } from '../../formats/proc/qemu-processes.ts';
import type { TextTree } from '../../formats/text-tree.ts';

/** The QEMU of a guest and the cgroup of its scope, below the mount. */
export interface RunningQemu {
  readonly pid: number;
  readonly process: ProcessId;
  readonly scope: string;
}

/** Where qemu-server keeps the pid files of its guests; /var/run is a link to /run. */
const PID_FILES = ['/var/run/qemu-server', '/run/qemu-server'];

/**
 * Finds a guest's QEMU by its pid file, else by its command line; null = it does not run. A pid file that a crash has left
 * may name another process by now, whose command line tells.
 */
export function findQemu(files: TextTree, vmid: string): RunningQemu | null {
  for (const folder of PID_FILES) {
    const pid = Number(/^\d+/.exec(files.read(`${folder}/${vmid}.pid`) ?? '')?.[0] ?? 0);
    const process = pid > 0 ? readProcessId(files, pid) : null;
    if (process !== null && isQemuOf(files, pid, vmid))
      return { pid, process, scope: scopeOf(files, pid, vmid) };
  }
  const qemu = readQemuProcesses(files).find(({ name, ofProxmox }) => ofProxmox === true && name === vmid);
  if (qemu === undefined) return null;
  return { pid: qemu.pid, process: qemu.process, scope: scopeOf(files, qemu.pid, vmid) };
}

/** By the words that qemu-server looks for, too (Helpers.pm, `parse_cmdline`); a kernel that shows none is believed. */
function isQemuOf(files: TextTree, pid: number, vmid: string): boolean {
  const words = (files.read(`/proc/${pid}/cmdline`) ?? '').split('\0');
  if (words.every(word => word === '')) return true;
  return words.some(
    (word, at) =>
      word.endsWith(`/qemu-server/${vmid}.pid`) || (word === vmid && /^--?id$/.test(words[at - 1] ?? '')),
  );
}

/** The scope that qemu-server makes (QemuServer/CGroup.pm), or the one that the process is in. */
function scopeOf(files: TextTree, pid: number, vmid: string): string {
  const group = /^0::(\/.*)$/m.exec(files.read(`/proc/${pid}/cgroup`) ?? '')?.[1] ?? '';
  const own = new RegExp(`^.*/${vmid}\\.scope(?=/|$)`).exec(group)?.[0];
  return own ?? `/qemu.slice/${vmid}.scope`;
}
