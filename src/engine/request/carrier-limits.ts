import type { GuestSpec } from '../../domain/guest-spec.ts';

/** A wish that the orchestrator cannot carry to QEMU. */
export interface CarrierLimit {
  readonly option: string;
  /** One sentence: what cannot be had and what to do. */
  readonly summary: string;
}

/**
 * What this request wishes and its carrier cannot make true; empty for libvirt. Proxmox VE starts QEMU with
 * `-smp sockets,cores` only, without memory locking, and with the address bits of the config's `cpu`. (Its page size
 * is the config's `hugepages`, which a request does not know: who reads the config compares the two.)
 */
export function carrierLimits(spec: GuestSpec): readonly CarrierLimit[] {
  if (spec.carrier !== 'proxmox') return [];
  const limits: CarrierLimit[] = [];
  const threads = spec.topology.preferred.threads ?? 1;
  if (threads > 1)
    limits.push({
      option: 'hw:cpu_threads',
      summary: `Proxmox VE cannot tell a guest of ${threads} threads per core: remove hw:cpu_threads, or use hw:cpu_sockets and hw:cpu_cores.`,
    });
  if (spec.lockedMemory)
    limits.push({
      option: 'hw:locked_memory',
      summary:
        'Proxmox VE cannot lock the memory of a guest: remove hw:locked_memory, or use huge pages, which are never swapped.',
    });
  if (spec.physicalAddress !== null)
    limits.push({
      option: 'hw:maxphysaddr_mode',
      summary:
        'Pinfold cannot set the physical address bits of a guest on Proxmox VE: remove hw:maxphysaddr_mode and hw:maxphysaddr_bits, and set phys-bits in the CPU type of the VM (cpu: host,phys-bits=host).',
    });
  return limits;
}
