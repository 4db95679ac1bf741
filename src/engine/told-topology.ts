import type { Placement } from '../domain/decision.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { HostModel } from './host-model.ts';
import { chooseGuestTopology } from './request/guest-topology.ts';

/**
 * What the guest is told: its preference, and without one the real siblings, so that a guest pinned to whole
 * cores knows which of its CPUs share one. Proxmox VE cannot tell threads.
 */
export function toldTopology(model: HostModel, spec: GuestSpec, cpuOf: Int32Array): Placement['topology'] {
  const threadsPerCore = spec.carrier === 'proxmox' ? 1 : siblingRun(model.coreOf, cpuOf);
  const placed = threadsPerCore > 1 ? { threadsPerCore, sockets: spec.cells.length } : null;
  return (
    chooseGuestTopology(spec.vcpus, spec.topology, placed) ?? { sockets: spec.vcpus, cores: 1, threads: 1 }
  );
}

/**
 * The largest t for which vCPUs 0 to t−1, t to 2t−1 and so on each lie on one core, which is how QEMU numbers the
 * threads of a guest; 1 when they do not or when a vCPU floats.
 */
function siblingRun(coreOf: Int32Array, cpuOf: Int32Array): number {
  if (cpuOf.length === 0 || cpuOf[0]! < 0) return 1;
  let run = 1;
  while (run < cpuOf.length && cpuOf[run]! >= 0 && coreOf[cpuOf[run]!] === coreOf[cpuOf[0]!]) run += 1;
  if (run === 1 || cpuOf.length % run !== 0) return 1;
  for (let vcpu = run; vcpu < cpuOf.length; vcpu += 1) {
    if (cpuOf[vcpu]! < 0 || coreOf[cpuOf[vcpu]!] !== coreOf[cpuOf[vcpu - (vcpu % run)]!]) return 1;
  }
  return run;
}
