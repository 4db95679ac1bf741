import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import type { HostPolicy } from '../../domain/host-policy.ts';
import type { Ledger, LedgerEntry, ProcessId } from '../../domain/ledger.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { isPlacement, isRequest } from '../../formats/ledger/parse-ledger.ts';
import { readResidence } from '../../formats/proc/memory-residence.ts';
import { readAllowedCells, readFighters, readStartTicks } from '../../formats/proc/proc-facts.ts';
import { isAlive, readBootId } from '../../formats/proc/process-id.ts';
import { readQemuProcesses, type QemuProcess } from '../../formats/proc/qemu-processes.ts';
import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import { readThreadCpuset } from '../../formats/proc/thread-cpuset.ts';
import { readTopology } from '../../formats/sysfs/read-topology.ts';
import { observeHost } from '../observe-host.ts';
import type { DomainPort, NodePort } from '../ports.ts';
import type { Observed, SeenGuest } from './observed.ts';
import type { RepairMemory } from './repair-memory.ts';

/** Where systemd reads what was added to units until the next boot, and Pinfold's file for one scope. */
const UNITS = '/run/systemd/system';
const DROP_IN = '50-pinfold.conf';

/** What is looked at, and with what. */
export interface DriftObserver {
  readonly node: NodePort;
  readonly domains: DomainPort;
  readonly policy: HostPolicy;
  readonly owner: ProcessId;
}

/** Reads everything that drift is found from, without changing anything. */
export async function observeDrift(
  ledger: Ledger,
  memory: RepairMemory,
  observer: DriftObserver,
): Promise<Observed> {
  const { node } = observer;
  const { files } = node;
  const topology = readTopology(files, node.name);
  const { host, ledger: live } = await observeHost(ledger, { ...observer, topology });
  const qemus = readQemuProcesses(files);
  const known = await Promise.all(live.entries.map(entry => withCarried(entry, qemus, observer)));
  const processes = new Set(live.entries.map(({ process }) => process));
  const present = parseCpuList(topology.cpus.present);
  return {
    host,
    entries: known.map(({ entry }) =>
      entry.step && !isAlive(files, entry.step.owner) ? finished(entry) : entry,
    ),
    dropped: ledger.entries.filter(entry => isDropped(entry, live, processes)),
    boot: readBootId(files),
    ledgerBoot: ledger.boot,
    guests: qemus.map(qemu => seeGuest(node, qemu)),
    fighters: readFighters(files),
    offlineBefore: parseCpuList(memory.offline).intersect(present),
    confined: new Map(Object.entries(memory.confined)),
    requests: new Map(known.flatMap(({ entry, request }) => (request === null ? [] : [[entry.vm, request]]))),
    staleFiles: staleFilesOf(node, { live, qemus }),
  };
}

/** A move that somebody began and did not live to end is ended: its threads belong where they were being taken. */
function finished(entry: LedgerEntry): LedgerEntry {
  const { step, ...rest } = entry;
  return step === undefined ? entry : { ...rest, placement: step.to, claim: step.claim };
}

function isDropped(entry: LedgerEntry, live: Ledger, processes: ReadonlySet<ProcessId | null>): boolean {
  if (entry.process !== null) return !processes.has(entry.process);
  return !live.entries.some(({ vm }) => vm === entry.vm);
}

/** Drop-ins of scopes on Proxmox VE: a start that is under way has a lease, and a guest that runs a process. */
function staleFilesOf(
  { files }: NodePort,
  { live, qemus }: { readonly live: Ledger; readonly qemus: readonly QemuProcess[] },
): Observed['staleFiles'] {
  return files.list(UNITS).flatMap(name => {
    const vm = /^(\d+)\.scope\.d$/.exec(name)?.[1];
    if (
      vm === undefined ||
      qemus.some(qemu => qemu.name === vm) ||
      live.entries.some(entry => entry.vm === vm)
    )
      return [];
    const path = `${UNITS}/${name}/${DROP_IN}`;
    return files.read(path) === null ? [] : [{ vm, path }];
  });
}

function seeGuest(node: NodePort, qemu: QemuProcess): SeenGuest {
  const { files } = node;
  const { pid } = qemu;
  return {
    vm: qemu.name,
    process: qemu.process,
    startTicks: readStartTicks(files, `/proc/${pid}`),
    ofLibvirt: qemu.uuid !== null && qemu.ofProxmox !== true,
    threads: readQemuThreads(files, pid).map(thread => ({
      ...thread,
      startTicks: readStartTicks(files, `/proc/${pid}/task/${thread.tid}`),
      cpuset: readThreadCpuset(files, pid, thread.tid),
    })),
    allowedCells: readAllowedCells(files, pid),
    memory: readResidence(files.read(`/proc/${pid}/numa_maps`) ?? ''),
  };
}

/**
 * What libvirt's domain carries of a guest whose ledger entry does not say it: the placement that was decided (the ledger
 * was lost, or the guest runs in a new process), or the request that it brought from another host.
 */
async function withCarried(
  entry: LedgerEntry,
  qemus: readonly QemuProcess[],
  { domains }: DriftObserver,
): Promise<{ readonly entry: LedgerEntry; readonly request: PlacementRequest | null }> {
  const qemu = qemus.find(({ process }) => process === entry.process);
  if (entry.placement !== null || qemu === undefined || qemu.uuid === null) return { entry, request: null };
  const xml = await domains.dumpXml(qemu.uuid);
  const carried = xml === null ? null : await carriedBy(xml);
  if (carried === null) return { entry, request: null };
  if (entry.foreign !== null) return { entry, request: carried.request };
  const { request, placement } = carried;
  return { entry: { ...entry, placement, ...(request === null ? {} : { request }) }, request: null };
}

async function carriedBy(
  xml: string,
): Promise<{ readonly placement: Placement | null; readonly request: PlacementRequest | null } | null> {
  const { readClaimMetadata } = await import('../xml-formats.ts');
  try {
    const extra = readClaimMetadata(xml)?.extra;
    const placement = extra?.['placement'];
    const request = extra?.['request'];
    return {
      placement: isPlacement(placement) && isWhole(placement) ? placement : null,
      request: isRequest(request) ? request : null,
    };
  } catch {
    return null;
  }
}

/** Whether cells and memory are named, too, without which nothing can be compared. */
function isWhole({ cells, nodeset }: Partial<Placement>): boolean {
  return (
    Array.isArray(cells) &&
    typeof nodeset === 'string' &&
    cells.every(({ vcpus }) => typeof vcpus === 'string')
  );
}

/** CPUs that are there and not online. */
export function offlineCpus(observed: Observed): CpuSet {
  const { present, online } = observed.host.topology.cpus;
  return parseCpuList(present).minus(parseCpuList(online));
}
