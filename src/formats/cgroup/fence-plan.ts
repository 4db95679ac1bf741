import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { CpuList } from '../../domain/host-topology.ts';
import type { TextTree } from '../text-tree.ts';
import { isWithin } from './cgroup-file.ts';
import { groupExists, groupsIn, readCpus } from './read-cpuset.ts';

/** A guest whose CPUs are kept free by fences around everything else. */
export interface FencedGuest {
  readonly scope: string;
  readonly cpus: CpuSet;
}

/** A group that is capped, and what it was allowed before (`""` = no limit of its own). */
export interface Fence {
  readonly group: string;
  readonly before: CpuList;
}

/** One cap to set, or to lift. */
export interface FenceStep {
  readonly group: string;
  /** What `AllowedCPUs` or the file says afterwards; never empty, because a group with tasks refuses "" (ENOSPC). */
  readonly cpus: CpuList;
  readonly lift: boolean;
}

/** The fences that must stand afterwards, and the steps from what stands to there, in the order of their groups. */
export interface FencePlan {
  readonly steps: readonly FenceStep[];
  readonly fences: readonly Fence[];
}

/** What a fence plan is made from. */
export interface FenceInput {
  readonly tree: TextTree;
  /** CPUs that the machine has, online or not: what a group without a limit may use. */
  readonly present: CpuSet;
  /** All guests in force by fences. */
  readonly guests: readonly FencedGuest[];
  /** The fences that were set before. */
  readonly standing: readonly Fence[];
}

/**
 * Who is capped so that nobody but the guests runs on their CPUs:
 *
 * 1. Every group directly below the root, and below every slice on the way to a guest, so that those slices themselves
 *    (`qemu.slice`) are never capped: that would cap the guest as well. A guest's own scope gives way to the other guests.
 * 2. A group keeps what it was allowed before, less those CPUs. One whose own limit does not touch them is left alone,
 *    and one to which nothing would be left gets all CPUs that are no guest's (the kernel would give it its parent's).
 * 3. Fences that are not needed any more are lifted: to the former limit, or to all CPUs.
 */
export function planFences(input: FenceInput): FencePlan {
  const { tree, present, guests, standing } = input;
  const known = new Map(standing.map(fence => [fence.group, fence]));
  const steps: FenceStep[] = [];
  const fences: Fence[] = [];
  for (const group of fencedGroups(input)) {
    const mine = guests.filter(({ scope }) => !isWithin(scope, group)).map(({ cpus }) => cpus);
    const current = readCpus(tree, group, 'cpuset.cpus') ?? CpuSet.EMPTY;
    const before = known.get(group)?.before ?? current.toString();
    const cap = capOf({ before, present, taken: CpuSet.union(mine), all: guests });
    if (cap !== null) fences.push({ group, before });
    const wanted = cap ?? (known.has(group) ? ownLimit(before, present) : null);
    if (wanted !== null && (cap === null || !current.equals(wanted)))
      steps.push({ group, cpus: wanted.toString(), lift: cap === null });
  }
  return { steps, fences };
}

/** Groups to look at: see step 1; and those that are capped now, wherever they lie. */
function fencedGroups({ tree, guests, standing }: FenceInput): string[] {
  const found = new Set(standing.map(({ group }) => group).filter(group => groupExists(tree, group)));
  const walk = (outer: string) => {
    for (const group of groupsIn(tree, outer).filter(mayRunThings)) {
      if (guests.some(({ scope }) => scope !== group && isWithin(scope, group))) walk(group);
      else found.add(group);
    }
  };
  if (guests.length > 0) walk('');
  return [...found].sort();
}

/** Mount and swap units have groups too, in which at most a mount(8) runs for a moment. */
function mayRunThings(group: string): boolean {
  return !/\.(?:mount|swap)$/.test(group);
}

function capOf(wish: {
  readonly before: CpuList;
  readonly present: CpuSet;
  readonly taken: CpuSet;
  readonly all: readonly FencedGuest[];
}): CpuSet | null {
  const own = ownLimit(wish.before, wish.present);
  if (!own.intersects(wish.taken)) return null;
  const rest = own.minus(wish.taken);
  if (!rest.isEmpty) return rest;
  const free = wish.present.minus(CpuSet.union(wish.all.map(({ cpus }) => cpus)));
  // Every CPU is some guest's: there is nowhere to go, so the group stays as it is.
  return free.isEmpty ? null : free;
}

function ownLimit(before: CpuList, present: CpuSet): CpuSet {
  return before === '' ? present : parseCpuList(before);
}

/** Whether systemd manages this group, so that its CPUs are set by `systemctl set-property`, not in its files. */
export function unitOf(group: string): string | null {
  const name = group.slice(group.lastIndexOf('/') + 1);
  return /\.(?:slice|scope|service)$/.test(name) ? name : null;
}

/**
 * The files in which `set-property --runtime` keeps a unit's AllowedCPUs, as seen on systemd 257: below
 * `system.control` for units with a name of their own, below `transient` for scopes, init.scope among them.
 */
export function runtimeDropIns(unit: string): string[] {
  return ['system.control', 'transient'].map(
    folder => `/run/systemd/${folder}/${unit}.d/50-AllowedCPUs.conf`,
  );
}
