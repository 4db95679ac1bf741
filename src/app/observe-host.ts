import type { Claim } from '../domain/claim.ts';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Host } from '../domain/host.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import type { HostTopology } from '../domain/host-topology.ts';
import type { ForeignFacts, Ledger, LedgerEntry, ProcessId } from '../domain/ledger.ts';
import { parseCpuSpec } from '../domain/cpu-spec.ts';
import { isPlacement } from '../formats/ledger/parse-ledger.ts';
import { isAlive, pidOf, readBootId, runsWithArgument } from '../formats/proc/process-id.ts';
import { readQemuProcesses, type QemuProcess } from '../formats/proc/qemu-processes.ts';
import { readQemuThreads, type QemuThread } from '../formats/proc/qemu-threads.ts';
import { readScopeDropIn, scopeDropInPath } from '../formats/systemd/scope-drop-in.ts';
import { claimOfMasks } from './claim-of-masks.ts';
import { collectGarbage, confirmed } from './collect-garbage.ts';
import type { DomainPort, NodePort } from './ports.ts';

/** What an observation is made with. */
export interface Observer {
  readonly node: NodePort;
  /** null: no libvirt is asked here. */
  readonly domains: DomainPort | null;
  readonly topology: HostTopology;
  readonly policy: HostPolicy;
  /** The process that asks: its own call is no launch of an earlier one. */
  readonly owner: ProcessId;
}

/** The node as it is now, and the ledger without garbage, with every guest that is known. */
export interface Observation {
  readonly host: Host;
  readonly ledger: Ledger;
  /** Whether the ledger knows a guest that it did not know before. */
  readonly learned: boolean;
}

/** How many guests libvirt is asked for at a time: one call takes some 30 ms of a CPU. */
const AT_ONCE = 8;

/**
 * What is taken on a node. Truth is what runs:
 *
 * 1. The ledger loses its garbage; what it knows of a process that still runs (pid and start time) is trusted.
 * 2. A QEMU of Proxmox VE that no entry explains is known by its scope's drop-in or its threads.
 * 3. Another QEMU that no entry explains is asked for once, by its UUID (a name may be another guest's number): the claim in
 *    its domain's metadata counts when the threads agree with it, else it is a guest with pins of somebody else's. Where
 *    libvirt does not answer, it counts as such for now and is asked for again.
 * 4. Those guests' claims are read from their threads' masks each time, because whoever pinned them may do so
 *    again.
 */
export async function observeHost(ledger: Ledger, observer: Observer): Promise<Observation> {
  const { node, topology, policy } = observer;
  const qemus = readQemuProcesses(node.files);
  const live = collectGarbage(ledger, {
    boot: readBootId(node.files),
    nowSeconds: Math.floor(Date.now() / 1000),
    qemus,
    isAlive: process => isAlive(node.files, process),
    isLaunching: marker => runsWithArgument(node.files, marker, pidOf(observer.owner)),
  });
  const entries: LedgerEntry[] = live.ledger.entries.map(entry =>
    entry.foreign === null
      ? entry
      : { ...entry, claim: claimOfThreads(entry.vm, threadsOf(entry, node), entry.foreign, observer) },
  );
  const strangers: Stranger[] = [];
  for (let index = 0; index < live.unexplained.length; index += AT_ONCE) {
    const some = live.unexplained.slice(index, index + AT_ONCE);
    strangers.push(...(await Promise.all(some.map(qemu => recognise(qemu, observer)))));
  }
  const known = strangers.filter(({ certain }) => certain).map(({ entry }) => entry);
  const claims = [...entries, ...strangers.map(({ entry }) => entry)].map(({ claim }) => claim);
  return {
    ledger: { ...live.ledger, entries: [...entries, ...known] },
    host: { kind: 'pinfold/host', version: 1, topology, policy, claims },
    learned: known.length > 0,
  };
}

/** A guest that the ledger did not know; `certain` = it need not be asked for again. */
interface Stranger {
  readonly entry: LedgerEntry;
  readonly certain: boolean;
}

async function recognise(qemu: QemuProcess, observer: Observer): Promise<Stranger> {
  if (qemu.ofProxmox === true) return { entry: await entryOfProxmox(qemu, observer), certain: true };
  if (observer.domains === null)
    return { entry: foreignEntry(qemu, { memoryMiB: null, vcpus: qemu.vcpus }, observer), certain: false };
  const xml = await observer.domains.dumpXml(qemu.uuid ?? qemu.name);
  // Every QEMU of libvirt's has a UUID.
  return { entry: await entryOfStranger(qemu, xml, observer), certain: xml !== null || qemu.uuid === null };
}

async function entryOfStranger(
  qemu: QemuProcess,
  xml: string | null,
  observer: Observer,
): Promise<LedgerEntry> {
  const threads = readQemuThreads(observer.node.files, qemu.pid);
  const { readClaimMetadata, readDomain } = await import('./xml-formats.ts');
  const remembered = xml === null ? null : orNull(() => readClaimMetadata(xml));
  if (remembered !== null) {
    const { claim, extra } = remembered;
    const placement = isPlacement(extra['placement']) ? extra['placement'] : null;
    if (agrees({ claim, placement }, threads))
      return { ...strangerBase(qemu), claim: { ...claim, vm: qemu.name, source: 'observed' }, foreign: null };
  }
  const memoryMiB = xml === null ? null : orNull(() => Math.ceil(readDomain(xml).memoryKiB / 1024));
  return foreignEntry(qemu, { memoryMiB, vcpus: qemu.vcpus }, observer);
}

/**
 * A guest of Proxmox VE: what its scope's drop-in says was decided counts when the threads agree with it. A guest without
 * one, or with an `affinity` of its user's, is known by its threads, and its memory by its config.
 */
async function entryOfProxmox(qemu: QemuProcess, observer: Observer): Promise<LedgerEntry> {
  const { files } = observer.node;
  const kept = readScopeDropIn(files.read(scopeDropInPath(qemu.name)) ?? '');
  const entry = kept?.entry.vm === qemu.name ? kept.entry : null;
  if (entry?.placement != null && agrees(entry, readQemuThreads(files, qemu.pid)))
    return confirmed(entry, qemu.process);
  // Only a guest that nobody placed is read by its config.
  const { readVmMemory } = await import('./proxmox/read-vm-config.ts');
  const memoryMiB = readVmMemory(files, observer.node.name, qemu.name);
  return foreignEntry(qemu, { memoryMiB, vcpus: qemu.vcpus }, observer);
}

function strangerBase(qemu: QemuProcess) {
  return { vm: qemu.name, process: qemu.process, marker: null, placement: null };
}

function foreignEntry(qemu: QemuProcess, foreign: ForeignFacts, observer: Observer): LedgerEntry {
  const threads = readQemuThreads(observer.node.files, qemu.pid);
  return {
    ...strangerBase(qemu),
    claim: claimOfThreads(qemu.name, threads, foreign, observer),
    foreign,
  };
}

/**
 * Every vCPU that is pinned to one CPU must hold that CPU: a guest that came from another node does not. One that floats
 * says nothing, however few CPUs the others have left to it. A guest that holds nothing says only what it asks for.
 */
function agrees(
  { claim, placement }: Pick<LedgerEntry, 'claim' | 'placement'>,
  threads: readonly QemuThread[],
): boolean {
  if (claim.cells.length === 0) return false;
  const held = CpuSet.union(claim.cells.map(cell => parseCpuList(cell.pcpus)));
  const floats = (index: number | null) => {
    const pin = index === null ? undefined : placement?.pins[index];
    return pin !== undefined && !parseCpuList(pin).isSubsetOf(held);
  };
  return threads
    .filter(({ role, index, allowed }) => role === 'vcpu' && allowed.size === 1 && !floats(index))
    .every(({ allowed }) => allowed.isSubsetOf(held));
}

function claimOfThreads(
  vm: string,
  threads: readonly QemuThread[],
  foreign: ForeignFacts,
  { topology, policy }: Observer,
): Claim {
  const vcpus = threads.filter(({ role }) => role === 'vcpu').map(({ allowed }) => allowed);
  const others = threads.filter(({ role }) => role === 'emulator').map(({ allowed }) => allowed);
  const guest = {
    vm,
    // Without names (no debug-threads) every thread may be a vCPU: those that are bound closest are taken for them.
    vcpus: vcpus.length > 0 ? vcpus : [...others].sort((a, b) => a.size - b.size).slice(0, foreign.vcpus),
    emulator: CpuSet.union(others),
    memoryMiB: foreign.memoryMiB,
  };
  return claimOfMasks(guest, topology, parseCpuSpec(policy.cpu_shared_set ?? ''));
}

function threadsOf(entry: LedgerEntry, node: NodePort): QemuThread[] {
  return entry.process === null ? [] : readQemuThreads(node.files, pidOf(entry.process));
}

/** What a reader answers, or null where the domain cannot be read. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
