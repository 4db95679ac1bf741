import { checkPolicy } from '../engine/request/check-policy.ts';
import { AppError, EXIT } from '../domain/app-error.ts';
import type { Placement } from '../domain/decision.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Host } from '../domain/host.ts';
import type { Ledger, LedgerEntry, ProcessId } from '../domain/ledger.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import type { OnRefusal } from '../domain/node-policy.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import { pidOf } from '../formats/proc/process-id.ts';
import { countDecision } from './count-decision.ts';
import { observeHost } from './observe-host.ts';
import { placeInWays } from './place-in-ways.ts';
import { readNodeTopology } from './read-node-topology.ts';
import type { DomainPort, LedgerStore, NodePort } from './ports.ts';

/** What a start is prepared with. */
export interface StartTools {
  readonly node: NodePort;
  readonly ledger: LedgerStore;
  /** null: no libvirt is asked here. */
  readonly domains: DomainPort | null;
  /** The process that starts the guest. */
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
  readonly marker: string | null;
  /** Ways to place the guest, tried in order; absent: the request alone. */
  readonly ways?: readonly Way[];
  /**
   * The orchestrator's own lock keeps a second start of the guest out, so that a lease of it which is still there is of a
   * start that failed, and goes.
   */
  readonly isOnlyStart?: boolean;
  /** Called under the lock with what was found to be taken, before anything is decided. */
  readonly tidy?: (ledger: Ledger) => void;
  /**
   * The text that carries a placement to QEMU: the domain XML with it worked in, on Proxmox VE the scope's drop-in. Called
   * before the lease is written, so that it may throw.
   */
  readonly rewrite: (entry: PlacedEntry, spec: GuestSpec) => string;
  /** The text for a guest that asks for no placement but is told something; null when it asks for nothing at all. */
  readonly reshape: (spec: GuestSpec) => string | null;
}

/** One way to place a guest. */
export interface Way {
  readonly request: PlacementRequest;
  /** The host cells that each guest cell may go to, where those are settled already. */
  readonly hostCells?: readonly (readonly number[])[];
  /** Said instead of the engine's reason when it does not fit. */
  readonly whenNot?: string;
  /** Said when it is taken. */
  readonly warning?: string;
  /** Only asked whether it fits and where: nothing is leased, and the answer is `elsewhere`. */
  readonly isQuestion?: boolean;
}

/** An entry that holds what was decided. */
export type PlacedEntry = LedgerEntry & { readonly placement: Placement };

/**
 * `placed`: launch with this text and confirm. `unplaced`: launch without one. `refused`: do not launch. `elsewhere`: it
 * fits in a way that was only asked about.
 */
export type Preparation =
  | {
      readonly kind: 'placed';
      readonly text: string;
      readonly entry: PlacedEntry;
      /** With what it was decided. */
      readonly asked: Asked;
      /** The reason's code, where the guest is let start without the CPUs that it asked for. */
      readonly floatedFor?: string;
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: 'unplaced';
      /** Absent = as it was. */
      readonly text?: string;
      readonly floatedFor?: string;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'elsewhere'; readonly placement: Placement; readonly warnings: readonly string[] }
  | {
      readonly kind: 'refused';
      /** Of the reason. */
      readonly code: string;
      readonly reason: string;
      readonly warnings: readonly string[];
    };

/** What the engine was asked when it placed a guest. */
export interface Asked {
  readonly request: PlacementRequest;
  readonly hostCells?: readonly (readonly number[])[];
  /** The node without the guest; absent until the guest is leased. */
  readonly host?: Host;
}

/**
 * Decides where a guest goes and leases it:
 *
 * 1. Ask for the node's lock, unless that was done before, and read the topology while waiting.
 * 2. Under the lock: read the ledger, observe what runs, decide, write the placement's text, write the
 *    lease. The lock is given back whatever happens.
 */
export async function prepareStart(start: Start, tools: StartTools): Promise<Preparation> {
  const asked = tools.turn ?? tools.ledger.acquire();
  // Read before the lock is there; a rejection is handled by the await below.
  asked.catch(() => undefined);
  const topology = await readNodeTopology(tools.node, tools.stateFolder);
  const unlock = await asked;
  let warning: string | null = null;
  try {
    const read = tools.ledger.read();
    ({ warning } = read);
    const known = start.isOnlyStart === true ? withoutLease(read.ledger, start.request.vm) : read.ledger;
    const begun = process.hrtime();
    const seen = await observeHost(known, { ...tools, topology });
    start.tidy?.(seen.ledger);
    refuseSecondStart(seen.ledger, start.request.vm);
    const offline = refuseUnsoundPolicy(seen.host);
    const prepared = await placeInWays(seen.host, start, tools.owner);
    const warnings = [...(warning === null ? [] : [warning]), ...offline];
    const said = warnings.length === 0 ? prepared.warnings : [...warnings, ...prepared.warnings];
    const reason = reasonOf(prepared);
    const seconds = secondsSince(begun);
    if (prepared.kind === 'placed') {
      const outcome = reason === null ? 'placed' : 'floated';
      const ledger = countDecision(seen.ledger, { outcome, reason, seconds });
      tools.ledger.write(withEntry(ledger, prepared.entry));
      return { ...prepared, asked: { ...prepared.asked, host: seen.host }, warnings: said };
    }
    if (reason !== null) {
      const outcome = prepared.kind === 'refused' ? 'refused' : 'floated';
      remember(countDecision(seen.ledger, { outcome, reason, seconds }), tools.ledger);
    } else if (seen.learned) remember(seen.ledger, tools.ledger);
    return { ...prepared, warnings: said };
  } catch (error) {
    // The damage was repaired by now, so this is the only time that it is told.
    if (warning === null || !(error instanceof AppError)) throw error;
    throw new AppError(error.code, error.exit, `${error.message} ${warning}`, error);
  } finally {
    unlock();
  }
}

/** The code of the reason why a guest did not fit; null when it did, or asked for nothing. */
function reasonOf(prepared: Preparation): string | null {
  if (prepared.kind === 'refused') return prepared.code;
  return prepared.kind === 'elsewhere' ? null : (prepared.floatedFor ?? null);
}

/** Since `process.hrtime()`; the first use of `performance` loads modules of Node's, which takes half a millisecond. */
function secondsSince(begun: [number, number]): number {
  const [seconds, nanoseconds] = process.hrtime(begun);
  return seconds + nanoseconds / 1e9;
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

function withoutLease(ledger: Ledger, vm: string): Ledger {
  return { ...ledger, entries: ledger.entries.filter(entry => entry.vm !== vm || entry.process !== null) };
}

/** The ledger with this entry in the place of any other of the same VM. */
export function withEntry(ledger: Ledger, entry: LedgerEntry): Ledger {
  return { ...ledger, entries: [...ledger.entries.filter(({ vm }) => vm !== entry.vm), entry] };
}
