import { parseRequest } from '../../documents/parse-request.ts';
import { AppError } from '../../domain/app-error.ts';
import { counted } from '../../domain/counted.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { withKnownPools } from '../../engine/rebalance/known-pools.ts';
import { astrayMemory } from '../../engine/rebalance/score-of.ts';
import { readRequest } from '../../engine/request/read-request.ts';
import { RunningHost, type RunningGuest } from '../../engine/running-host.ts';
import { readResidence } from '../../formats/proc/memory-residence.ts';
import { pidOf } from '../../formats/proc/process-id.ts';
import { describeMisplaced, misplacedThreads } from '../misplaced-threads.ts';
import type { Observation } from '../observe-host.ts';
import type { NodePort } from '../ports.ts';
import { placeableThreads } from '../withheld-threads.ts';

/** A guest that stays where it is, and why, as the second half of a sentence. */
export interface FixedGuest {
  readonly vm: string;
  readonly reason: string;
}

/** A node as a rebalance sees it. */
export interface RunningNode {
  readonly host: RunningHost;
  readonly fixed: readonly FixedGuest[];
  readonly astrayMiB: ReadonlyMap<string, number>;
}

/**
 * The guests of a node that can be placed anew: those that Pinfold placed, that run where it placed them, and of which it
 * knows what they asked for. Everybody else's claim stays as it is.
 */
export function runningNode(node: NodePort, { host, ledger }: Observation): RunningNode {
  const guests: RunningGuest[] = [];
  const fixed: FixedGuest[] = [];
  const astrayMiB = new Map<string, number>();
  for (const entry of ledger.entries) {
    const guest = movableGuest(node, entry);
    if (typeof guest === 'string') {
      fixed.push({ vm: entry.vm, reason: guest });
      continue;
    }
    guests.push(guest);
    const astray = astrayMemory(guest, residenceOf(node, entry));
    if (astray > 0) astrayMiB.set(entry.vm, astray);
  }
  const running = new RunningHost(withKnownPools(host));
  for (const guest of guests) running.put(guest);
  return { host: running, fixed, astrayMiB };
}

/** MiB of what can be guest memory, by cell. */
export function residenceOf(node: NodePort, { process }: LedgerEntry): ReadonlyMap<number, number> {
  const maps = process === null ? null : node.files.read(`/proc/${pidOf(process)}/numa_maps`);
  const sums = new Map<number, number>();
  for (const { cell, mib } of readResidence(maps ?? '')) sums.set(cell, (sums.get(cell) ?? 0) + mib);
  return sums;
}

/** The guest of an entry, or why it stays. */
export function movableGuest(node: NodePort, entry: LedgerEntry): RunningGuest | string {
  const { placement, request, process, claim } = entry;
  if (entry.foreign !== null) return 'Pinfold did not place it';
  if (process === null) return 'it is being started';
  if (entry.step !== undefined) return 'it is being changed';
  if (placement === null)
    return 'what was decided for it is not in the ledger: "pinfold reconcile" puts it there';
  if (request === undefined) return 'what it asked for is not in the ledger until it is started again';
  const spec = specOf(request);
  if (typeof spec === 'string') return spec;
  const plugged = Object.keys(placement.pins).length - spec.vcpus;
  if (plugged > 0)
    return `it has ${counted(plugged, 'vCPU')} more than it was started with, whose place only its next start decides`;
  const [stray] = misplacedThreads(placeableThreads(node.files, pidOf(process), placement), placement);
  if (stray !== undefined)
    return `it does not run where it was placed (${describeMisplaced(stray)}): "pinfold reconcile" mends that`;
  return { spec, placement, claim };
}

/** What a guest asked for, read again; in one sentence what is wrong with it. */
export function specOf(request: NonNullable<LedgerEntry['request']>): RunningGuest['spec'] | string {
  try {
    const read = readRequest(parseRequest(request));
    return read.ok ? read.spec : read.error.summary;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}
