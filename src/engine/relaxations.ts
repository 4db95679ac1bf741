import type { GuestSpec } from '../domain/guest-spec.ts';

/** One wish of a request made less strict. */
export interface Relaxation {
  /** As it stands in a hint. */
  readonly text: string;
  /** The changed guest, or null when the wish is not there. */
  readonly apply: (spec: GuestSpec) => GuestSpec | null;
  /** It may be combined with others: it gives nothing up but strictness. */
  readonly mild: boolean;
}

/** The wishes that a hint tries to relax, mildest first. */
export const RELAXATIONS: readonly Relaxation[] = [
  relax('hw:mem_page_size=any', {
    when: spec => spec.pageSize !== null && spec.pageSize !== 'any',
    change: { pageSize: 'any' },
    mild: false,
  }),
  relax('no page size (hw:mem_page_size unset)', {
    when: spec => spec.pageSize !== null && !spec.lockedMemory,
    change: { pageSize: null },
  }),
  relax('huge pages (hw:mem_page_size=large)', {
    when: spec => spec.pageSize === null,
    change: { pageSize: 'large' },
    mild: false,
  }),
  relax('hw:cpu_thread_policy=prefer', {
    when: spec => spec.threadPolicy !== null && spec.threadPolicy !== 'prefer',
    change: { threadPolicy: 'prefer' },
  }),
  relax('hw:emulator_threads_policy=share', {
    when: spec => spec.emulator === 'isolate',
    change: { emulator: 'share' },
  }),
  relax('hw:emulator_threads_policy=isolate', {
    when: spec => spec.emulator === 'share' && spec.realtimeVcpus?.size === spec.vcpus,
    change: { emulator: 'isolate' },
    mild: false,
  }),
  relax('pinfold:iothreads=emulator', {
    when: spec => spec.iothreadPolicy === 'isolate',
    change: { iothreadPolicy: 'emulator' },
  }),
  relax('hw:pci_numa_affinity_policy=preferred', {
    when: spec => spec.devices.length > 0 && spec.devicePolicy !== 'preferred',
    change: { devicePolicy: 'preferred' },
  }),
  relax('pinfold:cache=prefer', { when: spec => spec.cache === 'require', change: { cache: 'prefer' } }),
  relax('pinfold:cpu_kind=any', { when: spec => spec.cpuKind !== 'any', change: { cpuKind: 'any' } }),
  relax('all host cells (pinfold:cells unset)', {
    when: spec => spec.allowedCells !== null,
    change: { allowedCells: null },
  }),
  relax('none of its devices', {
    when: spec => spec.devices.length > 0,
    change: { devices: [] },
    mild: false,
  }),
];

/** Another CPU policy altogether, the last thing to give up. */
export const OTHER_POLICIES: readonly Relaxation[] = [
  relax('hw:cpu_policy=shared and no thread, emulator or realtime policy', {
    when: spec => spec.cpuPolicy === 'dedicated' || spec.cpuPolicy === 'mixed',
    change: {
      cpuPolicy: 'shared',
      threadPolicy: null,
      emulator: 'float',
      emulatorVcpus: null,
      realtimeVcpus: null,
    },
  }),
  {
    text: 'hw:cpu_policy=dedicated',
    apply: spec =>
      spec.cpuPolicy === 'dedicated'
        ? null
        : {
            ...spec,
            cpuPolicy: 'dedicated',
            cells: spec.cells.map(cell => ({ ...cell, dedicated: cell.vcpus })),
            confineToCell: false,
          },
    mild: true,
  },
];

function relax(
  text: string,
  how: {
    readonly when: (spec: GuestSpec) => boolean;
    readonly change: Partial<GuestSpec>;
    readonly mild?: boolean;
  },
): Relaxation {
  return {
    text,
    apply: spec => (how.when(spec) ? { ...spec, ...how.change } : null),
    mild: how.mild ?? true,
  };
}
