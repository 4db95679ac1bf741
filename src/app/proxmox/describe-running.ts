import { counted } from '../../domain/counted.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import type { NodePort } from '../ports.ts';

/**
 * What the kernel says of a guest's threads in one line of the task log:
 * `VM 101 runs as decided: 4 vCPU threads on CPUs 4-5,20-21; 5 other threads on 0-1.`
 */
export function describeRunning(vm: string, pid: number, { files }: NodePort): string {
  const threads = readQemuThreads(files, pid);
  const vcpus = threads.filter(({ role }) => role === 'vcpu');
  const others = threads.filter(({ role }) => role !== 'vcpu');
  const on = (some: typeof threads) => CpuSet.union(some.map(({ allowed }) => allowed)).toString();
  return `VM ${vm} runs as decided: ${counted(vcpus.length, 'vCPU thread')} on CPUs ${on(vcpus)}; ${counted(others.length, 'other thread')} on ${on(others)}.`;
}
