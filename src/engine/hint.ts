import type { GuestSpec } from '../domain/guest-spec.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import { splitGuest } from './auto-cells.ts';
import type { HostModel } from './host-model.ts';
import { placeCells } from './place.ts';

/** A change of the request that makes it fit. */
export interface Hint {
  readonly text: string;
  /** The guest with the change: it has been placed on this host. */
  readonly spec: GuestSpec;
}

interface Relaxation {
  readonly text: string;
  readonly apply: (spec: GuestSpec) => GuestSpec | null;
}

/**
 * The first change that makes a refused guest fit, found by placing the changed guest, or null when none of those tried
 * does:
 * 1. one wish less strict: page size, thread policy, emulator threads, devices, cache, CPU kind, cells;
 * 2. another number of guest cells; 3. fewer vCPUs, then less memory, each as much as fits;
 * 4. the same with all wishes less strict together.
 */
export function hintFor(model: HostModel, spec: GuestSpec): Hint | null {
  const fits = (changed: GuestSpec) => placeCells(model, changed).ok;
  const single = RELAXATIONS.map(change => ({ change, spec: change.apply(spec) })).filter(
    (step): step is { change: Relaxation; spec: GuestSpec } => step.spec !== null,
  );
  for (const step of single)
    if (fits(step.spec)) return { text: `It fits with ${step.change.text}.`, spec: step.spec };
  for (const count of cellCounts(model, spec)) {
    const changed = splitGuest(spec, count);
    if (fits(changed)) return { text: `It fits with hw:numa_nodes=${count}.`, spec: changed };
  }
  const smaller = shrink(model, spec);
  if (smaller !== null) return { text: `It fits with ${smaller.text}.`, spec: smaller.spec };
  return relaxedAndSmaller(
    model,
    spec,
    single.map(step => step.change),
  );
}

const RELAXATIONS: readonly Relaxation[] = [
  {
    text: 'another page size (hw:mem_page_size=any)',
    apply: spec => (spec.pageSize === null || spec.pageSize === 'any' ? null : { ...spec, pageSize: 'any' }),
  },
  {
    text: 'no page size (hw:mem_page_size unset)',
    apply: spec => (spec.pageSize === null ? null : { ...spec, pageSize: null }),
  },
  {
    text: 'huge pages (hw:mem_page_size=large)',
    apply: spec => (spec.pageSize !== null ? null : { ...spec, pageSize: 'large' }),
  },
  {
    text: 'hw:cpu_thread_policy=prefer',
    apply: spec =>
      spec.threadPolicy === null || spec.threadPolicy === 'prefer'
        ? null
        : { ...spec, threadPolicy: 'prefer' },
  },
  {
    text: 'hw:emulator_threads_policy=share',
    apply: spec => (spec.emulator !== 'isolate' ? null : { ...spec, emulator: 'share' }),
  },
  {
    text: 'pinfold:iothreads=emulator',
    apply: spec => (spec.iothreadPolicy !== 'isolate' ? null : { ...spec, iothreadPolicy: 'emulator' }),
  },
  {
    text: 'hw:pci_numa_affinity_policy=preferred',
    apply: spec =>
      spec.devices.length === 0 || spec.devicePolicy === 'preferred'
        ? null
        : { ...spec, devicePolicy: 'preferred' },
  },
  {
    text: 'pinfold:cache=prefer',
    apply: spec => (spec.cache === 'prefer' ? null : { ...spec, cache: 'prefer' }),
  },
  {
    text: 'pinfold:cpu_kind=any',
    apply: spec => (spec.cpuKind === 'any' ? null : { ...spec, cpuKind: 'any' }),
  },
  {
    text: 'all host cells allowed (pinfold:cells unset)',
    apply: spec => (spec.allowedCells === null ? null : { ...spec, allowedCells: null }),
  },
  {
    text: 'fewer devices (none of them)',
    apply: spec => (spec.devices.length === 0 ? null : { ...spec, devices: [] }),
  },
];

/** Numbers of guest cells that split vCPUs and memory equally, besides the present one. */
function cellCounts(model: HostModel, spec: GuestSpec): number[] {
  const counts: number[] = [];
  for (let count = 1; count <= Math.min(model.cells.length, spec.vcpus, 16); count += 1) {
    const even = spec.vcpus % count === 0 && spec.memoryMiB % count === 0;
    if (even && count !== spec.cells.length) counts.push(count);
  }
  return counts;
}

/** The guest with as many vCPUs, or as much memory, as fits; vCPUs first. */
function shrink(model: HostModel, spec: GuestSpec): Hint | null {
  const fits = (changed: GuestSpec | null) => changed !== null && placeCells(model, changed).ok;
  const vcpus = largest(spec.vcpus - 1, count => fits(withVcpus(spec, count)));
  if (vcpus > 0) return { text: `${vcpus} vCPUs instead of ${spec.vcpus}`, spec: withVcpus(spec, vcpus)! };
  const steps = 64;
  const part = largest(steps - 1, share => fits(withMemory(spec, share / steps)));
  if (part === 0) return null;
  const changed = withMemory(spec, part / steps)!;
  return { text: `${changed.memoryMiB} MiB of memory instead of ${spec.memoryMiB} MiB`, spec: changed };
}

/** The largest number from 1 to `top` that passes, 0 when none does; found by halving, then checked. */
function largest(top: number, passes: (value: number) => boolean): number {
  let low = 0;
  let high = top;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (passes(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The guest with its first `count` vCPUs; equal guest cells stay equal. null when a cell would have none left. */
function withVcpus(spec: GuestSpec, count: number): GuestSpec | null {
  const cells = spec.cells.length;
  const equal = spec.cells.every(cell => cell.vcpus.size * cells === spec.vcpus);
  if (equal && count % cells !== 0)
    return equal && count > cells ? withVcpus(spec, count - (count % cells)) : null;
  const kept = CpuSet.range(0, count - 1);
  const base = {
    ...spec,
    vcpus: count,
    realtimeVcpus: spec.realtimeVcpus?.intersect(kept) ?? null,
    emulatorVcpus: spec.emulatorVcpus?.intersect(kept) ?? null,
  };
  if (equal)
    return { ...splitGuest({ ...base, cells: trimmed(spec, kept) }, cells), memoryMiB: spec.memoryMiB };
  return { ...base, cells: trimmed(spec, kept) };
}

function trimmed(spec: GuestSpec, kept: CpuSet): GuestSpec['cells'] {
  return spec.cells.map(cell => ({
    ...cell,
    vcpus: cell.vcpus.intersect(kept),
    dedicated: cell.dedicated.intersect(kept),
  }));
}

/** Every guest cell with this part of its memory, in whole pages of the size asked for (else 2 MiB). */
function withMemory(spec: GuestSpec, part: number): GuestSpec | null {
  const step = typeof spec.pageSize === 'number' ? Math.max(1, spec.pageSize / 1024) : 2;
  const cells = spec.cells.map(cell => ({
    ...cell,
    memoryMiB: Math.floor((cell.memoryMiB * part) / step) * step,
  }));
  const memoryMiB = cells.reduce((sum, cell) => sum + cell.memoryMiB, 0);
  return memoryMiB === 0 ? null : { ...spec, cells, memoryMiB };
}

/** Last resort: all wishes relaxed, then as many vCPUs and as much memory as fit, then one vCPU with little memory. */
function relaxedAndSmaller(model: HostModel, spec: GuestSpec, changes: readonly Relaxation[]): Hint | null {
  const used = changes.filter(change => !/huge pages|any\)|devices/.test(change.text));
  const relaxed = used.reduce((guest, change) => change.apply(guest) ?? guest, spec);
  const words = used.map(change => change.text);
  if (used.length > 1 && placeCells(model, relaxed).ok)
    return { text: `It fits with ${words.join(', ')}.`, spec: relaxed };
  const single = splitGuest(relaxed, 1);
  if (spec.cells.length > 1) words.push('hw:numa_nodes=1');
  for (const guest of [single, withVcpus(single, 1)]) {
    if (guest === null) continue;
    const smaller = placeCells(model, guest).ok ? { text: '', spec: guest } : shrink(model, guest);
    if (smaller === null) continue;
    if (guest.vcpus !== spec.vcpus) words.push(`${guest.vcpus} vCPU instead of ${spec.vcpus}`);
    return {
      text: `It fits with ${[...words, smaller.text].filter(text => text !== '').join(', ')}.`,
      spec: smaller.spec,
    };
  }
  return null;
}
