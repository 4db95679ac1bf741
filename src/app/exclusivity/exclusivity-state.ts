import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuList } from '../../domain/host-topology.ts';
import type { Fence } from '../../formats/cgroup/fence-plan.ts';
import { readBootId } from '../../formats/proc/process-id.ts';
import type { NodePort } from '../ports.ts';

/** Guests whose CPUs were made exclusive, and what was capped for them. */
export interface ExclusivityState {
  readonly guests: readonly HeldGuest[];
  readonly fences: readonly Fence[];
}

/** One guest and what it was given. */
export interface HeldGuest {
  readonly vm: string;
  readonly scope: string;
  readonly cpus: CpuList;
  readonly inForce: 'partition' | 'fence';
}

const NOTHING: ExclusivityState = { guests: [], fences: [] };
const KIND = 'pinfold/exclusivity';

/**
 * What was remembered; nothing when the file is missing, of another boot or damaged. What is then lost is only what a
 * group was allowed before it was capped: its cap is taken for its own limit until the node starts again.
 */
export function readExclusivityState(node: NodePort, file: string): ExclusivityState {
  const text = node.files.read(file);
  if (text === null) return NOTHING;
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    if (value['kind'] !== KIND || value['version'] !== 1 || value['boot'] !== readBootId(node.files))
      return NOTHING;
    return {
      guests: (value['guests'] as unknown[]).filter(isGuest),
      fences: (value['fences'] as unknown[]).filter(isFence),
    };
  } catch {
    return NOTHING;
  }
}

/** Remembers it; removes the file when there is nothing to remember. Throws an AppError when it cannot be written. */
export function writeExclusivityState(node: NodePort, file: string, state: ExclusivityState): void {
  if (state.guests.length === 0 && state.fences.length === 0) {
    if (node.files.read(file) !== null) node.remove(file);
    return;
  }
  const text = JSON.stringify({ kind: KIND, version: 1, boot: readBootId(node.files), ...state });
  if (node.files.read(file) !== text) node.writeAtomically(file, text);
}

function isGuest(value: unknown): value is HeldGuest {
  const guest = value as Partial<Record<keyof HeldGuest, unknown>> | null;
  return (
    typeof guest?.vm === 'string' &&
    isGroup(guest.scope) &&
    isCpuList(guest.cpus) &&
    (guest.inForce === 'partition' || guest.inForce === 'fence')
  );
}

function isFence(value: unknown): value is Fence {
  const fence = value as Partial<Record<keyof Fence, unknown>> | null;
  return isGroup(fence?.group) && isCpuList(fence?.before);
}

function isGroup(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('/') && !value.split('/').includes('..');
}

function isCpuList(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    parseCpuList(value);
    return true;
  } catch {
    return false;
  }
}
