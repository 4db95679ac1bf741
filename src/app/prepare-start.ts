import { claimOf } from '../engine/claim-of.ts';
import { place } from '../engine/decide.ts';
import { buildHostModel, type HostModel } from '../engine/host-model.ts';
import { checkPolicy } from '../engine/request/check-policy.ts';
import { readRequest } from '../engine/request/read-request.ts';
import { AppError, EXIT } from '../domain/app-error.ts';
import type { Placement } from '../domain/decision.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Host } from '../domain/host.ts';
import type { Ledger, LedgerEntry, ProcessId } from '../domain/ledger.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import type { OnRefusal } from '../domain/node-policy.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import { pidOf } from '../formats/proc/process-id.ts';
import { observeHost } from './observe-host.ts';
import { readNodeTopology } from './read-node-topology.ts';
import type { DomainPort, LedgerStore, NodePort } from './ports.ts';

/**
 * A launch that takes longer than this before its QEMU is there has failed: libvirt forks QEMU within seconds
 * and fills its memory afterwards, when the process can already be seen.
 */
export const LEASE_SECONDS = 600;

/** What a start is prepared with. */
export interface StartTools {
  readonly node: NodePort;
  readonly ledger: LedgerStore;
  readonly domains: DomainPort;
  /** The process that starts the guest: this one. */
  readonly owner: ProcessId;
  readonly policy: HostPolicy;
  /** The node's lock, where it was asked for before. */
  readonly turn?: Promise<() => void>;
  readonly stateFolder: string;
}

/** One start. */
export interface Start {
  readonly request: PlacementRequest;
  readonly onRefusal: OnRefusal;
  /** See `LedgerEntry.marker`. */
  readonly marker: string;
  /** The domain XML with a placement worked in; called before the lease is written, so that it may throw. */
  readonly rewrite: (entry: PlacedEntry, spec: GuestSpec) => string;
  /** The domain XML with what a guest that asks for no placement is told; null when it asks for nothing at all. */
  readonly reshape: (spec: GuestSpec) => string | null;
}

/** An entry that holds what was decided. */
export type PlacedEntry = LedgerEntry & { readonly placement: Placement };

/** `placed`: launch this XML and confirm. `unplaced`: launch without one. `refused`: do not launch. */
export type Preparation =
  | {
      readonly kind: 'placed';
      readonly xml: string;
      readonly entry: LedgerEntry;
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: 'unplaced';
      /** Absent = as it was. */
      readonly xml?: string;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'refused'; readonly reason: string; readonly warnings: readonly string[] };

/**
 * Decides where a guest goes and leases it:
 *
 * 1. Ask for the node's lock, unless that was done before, and read the topology while waiting.
 * 2. Under the lock: read the ledger, observe what runs, decide, work the placement into the XML, write the
 *    lease. The lock is given back whatever happens.
 */
export async function prepareStart(start: Start, tools: StartTools): Promise<Preparation> {
  const asked = tools.turn ?? tools.ledger.acquire();
  // Read before the lock is there; a rejection is handled by the await below.
  asked.catch(() => undefined);
  const topology = readNodeTopology(tools.node, tools.stateFolder);
  const unlock = await asked;
  let warning: string | null = null;
  try {
    const read = tools.ledger.read();
    ({ warning } = read);
    const seen = await observeHost(read.ledger, { ...tools, topology });
    refuseSecondStart(seen.ledger, start.request.vm);
    const offline = refuseUnsoundPolicy(seen.host);
    const prepared = prepareOn(buildHostModel(seen.host), start, tools);
    if (prepared.kind === 'placed') tools.ledger.write(withEntry(seen.ledger, prepared.entry));
    else if (seen.learned) remember(seen.ledger, tools.ledger);
    const warnings = [...(warning === null ? [] : [warning]), ...offline];
    return warnings.length === 0 ? prepared : { ...prepared, warnings: [...warnings, ...prepared.warnings] };
  } catch (error) {
    // The damage was repaired by now, so this is the only time that it is told.
    if (warning === null || !(error instanceof AppError)) throw error;
    throw new AppError(error.code, error.exit, `${error.message} ${warning}`, error);
  } finally {
    unlock();
  }
}

/** What was learned of guests that run spares the next start the questions; that is all. */
function remember(ledger: Ledger, store: LedgerStore): void {
  try {
    store.write(ledger);
  } catch {
    // The next start asks again.
  }
}

/**
 * A policy that contradicts itself refuses the start. One that names CPUs which are offline now is followed with those
 * that are left, and the sentence about it is answered: a CPU that dies must not keep every guest from starting.
 */
function refuseUnsoundPolicy(host: Host): readonly string[] {
  const faults = checkPolicy(host);
  const fault = faults.find(({ code }) => code !== 'policy-cpus-offline');
  if (fault !== undefined) throw new AppError(fault.code, EXIT.usage, fault.summary);
  return faults.map(({ summary }) => summary);
}

function prepareOn(model: HostModel, start: Start, tools: StartTools): Preparation {
  const tried = tryOn(model, start.request, { start, tools });
  if (typeof tried !== 'string') return tried;
  if (start.onRefusal === 'strict') return { kind: 'refused', reason: tried, warnings: [] };
  const warnings = [`${tried} The VM starts without CPUs of its own, because its policy says float.`];
  const floating = tryOn(model, floatingRequest(start.request), { start, tools });
  return typeof floating === 'string' ? { kind: 'unplaced', warnings } : { ...floating, warnings };
}

/** The request placed, or why it is not. */
function tryOn(
  model: HostModel,
  request: PlacementRequest,
  { start, tools }: { readonly start: Start; readonly tools: StartTools },
): Preparation | string {
  const read = readRequest(request);
  if (!read.ok) return read.error.summary;
  const { spec } = read;
  if (!spec.wantsPlacement) {
    const xml = start.reshape(spec);
    return { kind: 'unplaced', ...(xml === null ? {} : { xml }), warnings: [] };
  }
  const outcome = place(model, spec);
  if (!outcome.ok) {
    const { summary, hint } = outcome.refusal;
    return hint === undefined ? summary : `${summary} ${hint}`;
  }
  const { placement } = outcome;
  const expires = Math.floor(Date.now() / 1000) + LEASE_SECONDS;
  const claim = claimOf(model, { placement, spec, source: 'leased', owner: tools.owner, expires });
  const entry: PlacedEntry = {
    vm: request.vm,
    claim,
    process: null,
    marker: start.marker,
    placement,
    foreign: null,
    request,
  };
  return { kind: 'placed', xml: start.rewrite(entry, spec), entry, warnings: [] };
}

/** The same guest that only wants to stay within one cell, nothing exclusive. */
function floatingRequest(request: PlacementRequest): PlacementRequest {
  return { ...request, extraSpecs: { 'pinfold:confine': 'cell' }, imageProperties: {} };
}

/** A lease that is still there belongs to a start under way, whose CPUs a second one would lose from the ledger. */
function refuseSecondStart(ledger: Ledger, vm: string): void {
  const entry = ledger.entries.find(candidate => candidate.vm === vm);
  if (entry === undefined) return;
  if (entry.process !== null)
    throw new AppError(
      'already-running',
      EXIT.usage,
      `${vm} already runs on this host as process ${pidOf(entry.process)}: stop it before it is started again.`,
    );
  throw new AppError(
    'already-starting',
    EXIT.usage,
    `${vm} is being started on this host already (by process ${pidOf(entry.claim.owner ?? '')}, or what it left behind with ${entry.marker ?? vm} among its arguments): wait until that has ended, then try again.`,
  );
}

/** The ledger with this entry in the place of any other of the same VM. */
export function withEntry(ledger: Ledger, entry: LedgerEntry): Ledger {
  return { ...ledger, entries: [...ledger.entries.filter(({ vm }) => vm !== entry.vm), entry] };
}
