import { counted } from '../domain/counted.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Host } from '../domain/host.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import { splitGuest } from './auto-cells.ts';
import { buildHostModel, type HostModel } from './host-model.ts';
import { placeCells } from './place.ts';
import { withMostMemory } from './less-memory.ts';
import { largest } from './largest.ts';
import { OTHER_POLICIES, RELAXATIONS } from './relaxations.ts';

/** What makes a refused guest fit; it has been tried. */
export interface Hint {
  readonly text: string;
  /** The guest with the change. */
  readonly spec: GuestSpec;
  /** The host with the change, where it is the host that must change: without some of its guests. */
  readonly host?: Host;
}

function canPlace(model: HostModel, spec: GuestSpec): boolean {
  return placeCells(model, spec, true).ok;
}

/** At most so many guests are tried for "fits once X has stopped". */
const STOPPED_TRIED = 8;

/**
 * The first change that makes a refused guest fit, found by placing the changed guest; null when none does:
 * 1. one wish less strict; 2. another number of guest cells; 3. fewer vCPUs, then less memory, as much as fits;
 * 4. all mild wishes relaxed, one guest cell, and then fewer vCPUs or less memory; 5. another CPU policy;
 * 6. one running guest stopped, all of them stopped.
 */
export function hintFor(model: HostModel, spec: GuestSpec): Hint | null {
  const fits = (changed: GuestSpec) => canPlace(model, changed);
  for (const change of RELAXATIONS) {
    const changed = change.apply(spec);
    if (changed !== null && fits(changed)) return { text: `It fits with ${change.text}.`, spec: changed };
  }
  for (const count of cellCounts(model, spec)) {
    const changed = splitGuest(spec, count);
    if (fits(changed)) return { text: `It fits with hw:numa_nodes=${count}.`, spec: changed };
  }
  const smaller = shrink(model, spec);
  if (smaller !== null) return { text: `It fits with ${smaller.text}.`, spec: smaller.spec };
  return relaxedHint(model, spec) ?? policyHint(model, spec) ?? stoppedHint(model, spec);
}

function relaxedHint(model: HostModel, spec: GuestSpec): Hint | null {
  const words: string[] = [];
  let relaxed = spec;
  for (const change of RELAXATIONS) {
    const next = change.mild ? change.apply(relaxed) : null;
    if (next === null) continue;
    relaxed = next;
    words.push(change.text);
  }
  if (words.length > 1 && canPlace(model, relaxed))
    return { text: `It fits with ${words.join(', ')}.`, spec: relaxed };
  if (spec.cells.length > 1) {
    relaxed = splitGuest(relaxed, 1);
    words.push('hw:numa_nodes=1');
  }
  const single = withVcpus(relaxed, 1);
  for (const guest of single === null || spec.vcpus === 1 ? [relaxed] : [relaxed, single]) {
    const smaller = canPlace(model, guest) ? { text: '', spec: guest } : shrink(model, guest);
    if (smaller === null) continue;
    const fewer = guest === single ? [`1 vCPU instead of ${spec.vcpus}`] : [];
    const text = [...words, ...fewer, smaller.text].filter(part => part !== '').join(', ');
    return { text: `It fits with ${text}.`, spec: smaller.spec };
  }
  return null;
}

function policyHint(model: HostModel, spec: GuestSpec): Hint | null {
  for (const change of OTHER_POLICIES) {
    const changed = change.apply(spec);
    if (changed !== null && canPlace(model, changed))
      return { text: `It fits with ${change.text}.`, spec: changed };
  }
  return null;
}

function stoppedHint({ host }: HostModel, spec: GuestSpec): Hint | null {
  const fitsWithout = (claims: Host['claims']): Host | null => {
    const emptier = { ...host, claims };
    return canPlace(buildHostModel(emptier), spec) ? emptier : null;
  };
  const guests = [...host.claims].sort((a, b) => (a.vm < b.vm ? -1 : 1)).slice(0, STOPPED_TRIED);
  for (const guest of guests) {
    const emptier = fitsWithout(host.claims.filter(claim => claim !== guest));
    if (emptier !== null) return { text: `It fits once VM ${guest.vm} has stopped.`, spec, host: emptier };
  }
  const empty = host.claims.length > 1 ? fitsWithout([]) : null;
  return empty === null
    ? null
    : {
        text: `It fits once enough of the ${counted(host.claims.length, 'running VM')} have stopped.`,
        spec,
        host: empty,
      };
}

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
  const fits = (changed: GuestSpec | null) => changed !== null && canPlace(model, changed);
  const vcpus = largest(spec.vcpus - 1, count => fits(withVcpus(spec, count)));
  const fewer = vcpus > 0 ? withVcpus(spec, vcpus) : null;
  if (fewer !== null)
    return {
      text: `${counted(fewer.vcpus, 'vCPU')} instead of ${spec.vcpus}`,
      spec: fewer,
    };
  const smaller = withMostMemory(model, spec);
  if (smaller === null) return null;
  return { text: `${smaller.memoryMiB} MiB of memory instead of ${spec.memoryMiB} MiB`, spec: smaller };
}

/** The guest with its first `count` vCPUs; equal guest cells stay equal. null when a cell would have none left. */
function withVcpus(spec: GuestSpec, count: number): GuestSpec | null {
  const cells = spec.cells.length;
  const equal = spec.cells.every(cell => cell.vcpus.size * cells === spec.vcpus);
  const rest = count % cells;
  if (equal && rest !== 0) return count > cells ? withVcpus(spec, count - rest) : null;
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
