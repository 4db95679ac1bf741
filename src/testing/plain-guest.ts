import { CpuSet } from '../domain/cpu-set.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';

/** A guest without any wish; the tests change what they are about. */
export function plainGuest(change: Partial<GuestSpec> = {}): GuestSpec {
  const vcpus = change.vcpus ?? 1;
  const memoryMiB = change.memoryMiB ?? 64;
  const all = CpuSet.range(0, vcpus - 1);
  return {
    vm: 'guest',
    vcpus,
    memoryMiB,
    iothreads: 0,
    carrier: 'libvirt',
    wantsPlacement: true,
    cpuPolicy: 'dedicated',
    threadPolicy: null,
    cells: [{ id: 0, vcpus: all, dedicated: all, memoryMiB }],
    autoCells: false,
    pageSize: null,
    emulator: 'float',
    emulatorVcpus: null,
    realtimeVcpus: null,
    lockedMemory: false,
    physicalAddress: null,
    topology: {
      preferred: { sockets: null, cores: null, threads: null },
      maximum: { sockets: null, cores: null, threads: null },
    },
    devices: [],
    devicePolicy: null,
    cache: 'prefer',
    cpuKind: 'any',
    allowedCells: null,
    iothreadPolicy: 'emulator',
    confineToCell: false,
    notes: [],
    ...change,
  };
}
