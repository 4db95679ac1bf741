import { parseCpuList } from '../../src/domain/cpu-list.ts';
import type { CpuSet } from '../../src/domain/cpu-set.ts';
import type { Host } from '../../src/domain/host.ts';
import type { LedgerEntry } from '../../src/domain/ledger.ts';
import { readRequest } from '../../src/engine/request/read-request.ts';
import { readResidence } from '../../src/formats/proc/memory-residence.ts';
import { pidOf } from '../../src/formats/proc/process-id.ts';
import { readQemuProcesses } from '../../src/formats/proc/qemu-processes.ts';
import { readQemuThreads } from '../../src/formats/proc/qemu-threads.ts';
import { readTopology } from '../../src/formats/sysfs/read-topology.ts';
import { checkRunning } from '../../src/testing/check-running.ts';
import type { PlacedNode } from '../../src/testing/placed-node.ts';

/** Small pages that QEMU takes for itself, as reconcile allows for them, MiB. */
const OWN_MIB = 64;

/** What a look at a node is made with. */
export interface NodeCheck {
  readonly node: PlacedNode;
  /** The node as it was without guests. */
  readonly empty: Host;
  /** When each guest took its cells: a later time is a larger number. */
  readonly since: ReadonlyMap<string, number>;
}

/** How many guests were looked at, and each rule that one of them breaks, one sentence each. */
export interface NodeCheckEnd {
  readonly checks: number;
  readonly broken: readonly string[];
}

/**
 * Looks at a node on which nothing is under way:
 *
 * 1. Who runs has an entry in the ledger, and who has one runs.
 * 2. Every thread of a placed guest is where the ledger says, and so is its memory; what the ledger says breaks no rule among all.
 * 3. No thread of a guest that nobody placed may run on a CPU that somebody has for himself.
 */
export function checkNode({ node, empty, since }: NodeCheck): NodeCheckEnd {
  const { files } = node.node;
  const { entries } = node.ledger();
  const broken: string[] = [];
  const running = readQemuProcesses(files);
  for (const { name, process } of running)
    if (!entries.some(entry => entry.process === process)) broken.push(`${name} runs without an entry.`);
  const host = { ...empty, topology: topologyNow(node, empty) };
  const online = parseCpuList(host.topology.cpus.online);
  const others = entries.map(entry => ({ claim: entry.claim, since: since.get(entry.vm) ?? 0 }));
  for (const entry of entries) {
    const told = running.some(({ process }) => process === entry.process)
      ? entry.foreign === null
        ? checkPlaced(whatIsLeft(entry, online), { node, host, others, since: since.get(entry.vm) ?? 0 })
        : checkStranger(entry, entries, node)
      : ['It holds something but does not run.'];
    broken.push(...told.map(rule => `${entry.vm}: ${rule}`));
  }
  return { checks: entries.length, broken };
}

/** The CPUs that are online now, with the memory of the empty node: what guests hold is in their claims. */
function topologyNow({ node }: PlacedNode, { topology }: Host): Host['topology'] {
  const now = readTopology(node.files, node.name);
  const pages = (id: number) => topology.cells.find(cell => cell.id === id)?.pages ?? [];
  return { ...now, cells: now.cells.map(cell => ({ ...cell, pages: pages(cell.id) })) };
}

/**
 * The entry with what the kernel leaves of sets over which threads float: the CPUs that are online, where there is one. What is not
 * online in such a set is of no effect, and is nobody else's by now, or reconcile takes it out.
 */
function whatIsLeft(entry: LedgerEntry, online: CpuSet): LedgerEntry {
  const { placement, claim } = entry;
  if (placement === null) return entry;
  const left = (text: string) => {
    const rest = parseCpuList(text).intersect(online);
    return rest.isEmpty ? text : rest.toString();
  };
  const pins = Object.fromEntries(Object.entries(placement.pins).map(([vcpu, cpus]) => [vcpu, left(cpus)]));
  const emulator = { ...placement.emulator, cpus: left(placement.emulator.cpus) };
  return {
    ...entry,
    placement: { ...placement, pins, emulator },
    claim: { ...claim, ...(claim.emulator && { emulator: { ...claim.emulator, cpus: emulator.cpus } }) },
  };
}

function checkPlaced(
  { claim, placement, request, process }: LedgerEntry,
  at: Pick<Parameters<typeof checkRunning>[0], 'host' | 'others'> & {
    readonly node: PlacedNode;
    readonly since: number;
  },
): readonly string[] {
  if (placement === null || request === undefined || process === null)
    return ['Nobody knows where it belongs, or what it asked for.'];
  const read = readRequest(request);
  if (!read.ok) return [read.error.summary];
  const { files } = at.node.node;
  const astray = readQemuThreads(files, pidOf(process)).flatMap(({ role, index, allowed }) => {
    const set = parseCpuList(role === 'vcpu' ? (placement.pins[index!] ?? '') : placement.emulator.cpus);
    const isRight = role === 'vcpu' ? allowed.equals(set) : allowed.isSubsetOf(set);
    return isRight ? [] : [`A ${role} thread may run on ${allowed.toString()} and not on ${set.toString()}.`];
  });
  const home = parseCpuList(placement.nodeset);
  const away = readResidence(files.read(`/proc/${pidOf(process)}/numa_maps`) ?? '').filter(
    ({ cell }) => !home.has(cell),
  );
  const mib = away.reduce((sum, part) => sum + part.mib, 0);
  const guest = { spec: { ...read.spec, vm: claim.vm }, placement, claim, since: at.since };
  return [
    ...astray,
    ...(mib > OWN_MIB || away.some(({ huge }) => huge) ? [`${mib} MiB lie on other cells.`] : []),
    ...checkRunning({ host: at.host, guest, others: at.others, running: 'settled' }),
  ];
}

function checkStranger(
  { process }: LedgerEntry,
  entries: readonly LedgerEntry[],
  { node }: PlacedNode,
): readonly string[] {
  const owned = entries.filter(({ foreign }) => foreign === null).flatMap(({ claim }) => claim.cells);
  const threads = readQemuThreads(node.files, pidOf(process!));
  const robbed = owned.some(({ pcpus }) =>
    threads.some(({ allowed }) => allowed.intersects(parseCpuList(pcpus))),
  );
  return robbed ? ['It may run on a CPU that a guest has for itself.'] : [];
}
