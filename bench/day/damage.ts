import { releaseAfter } from '../../src/app/opennebula/release-after.ts';
import { BASE_PAGE_KIB, freePages } from '../../src/adapters/embedded/page-pools.ts';
import { insertClaim, withoutPlacement, writeClaimMetadata } from '../../src/app/xml-formats.ts';
import { parseCpuList } from '../../src/domain/cpu-list.ts';
import { CpuSet } from '../../src/domain/cpu-set.ts';
import type { LedgerEntry } from '../../src/domain/ledger.ts';
import { readTopology } from '../../src/formats/sysfs/read-topology.ts';
import type { Dice } from '../../src/testing/dice.ts';
import type { PlacedNode } from '../../src/testing/placed-node.ts';
import { takeOffline } from '../../src/testing/take-offline.ts';

/** A node that is damaged, and who may be hurt. */
export interface DamageAt {
  readonly node: PlacedNode;
  readonly roll: Dice;
  /** Guests that Pinfold placed and that run. */
  readonly placed: readonly LedgerEntry[];
  /** Every CPU of the machine. */
  readonly cpus: CpuSet;
  /** A number that no guest has yet. */
  readonly freshId: () => number;
  /** It is mended before others arrive. */
  readonly atOnce: boolean;
}

/** What was done; `mend` takes back what reconcile cannot (a CPU that is offline). */
export interface Damage {
  readonly mend?: () => void;
  /** A guest whose cells are chosen anew. */
  readonly moved?: string;
}

/** Must be mended before others arrive: whoever came meanwhile may take the place that it left. */
export const AT_ONCE = 'a guest that came from another host';

/** Each answers null where nothing on the node can be hurt in this way. */
type Hurt = (at: DamageAt) => Promise<Damage | null> | Damage | null;

/** Everything that happens to a node on its own, by name. */
export const DAMAGES: Readonly<Record<string, Hurt>> = {
  'a thread pinned by taskset': pinnedByHand,
  'a cpuset and its thread widened': at => astray(at, () => at.cpus),
  'a cpuset widened alone': cpusetWidened,
  'a cpuset moved to another CPU': at => astray(at, () => CpuSet.of([one(at, [...at.cpus])])),
  'threads of two guests swapped': swapped,
  'memory moved to another cell': memoryMoved,
  'a CPU offline and back': cpuOffline,
  'a start killed behind its lease': startKilled,
  [AT_ONCE]: migratedIn,
  'the ledger lost': ledgerLost,
};

function one<T>({ roll }: DamageAt, values: readonly T[]): T {
  return values[roll(values.length)]!;
}

/** A vCPU thread of a guest, with what it was decided to be on. */
function vcpuOf({ node, roll }: DamageAt, { vm, placement }: LedgerEntry) {
  const threads = node.threads(vm).filter(({ role }) => role === 'vcpu');
  const thread = threads[roll(threads.length)]!;
  return { ...thread, vm, wanted: parseCpuList(placement!.pins[thread.index!] ?? '') };
}

function anyVcpu(at: DamageAt, isMeant: (wanted: CpuSet) => boolean) {
  const start = at.roll(Math.max(1, at.placed.length));
  const order = [...at.placed.slice(start), ...at.placed.slice(0, start)];
  return order.map(entry => vcpuOf(at, entry)).find(({ wanted }) => isMeant(wanted)) ?? null;
}

async function pinnedByHand(at: DamageAt): Promise<Damage | null> {
  const vcpu = anyVcpu(at, wanted => wanted.size > 1);
  if (vcpu === null) return null;
  const cpu = one(at, [...vcpu.wanted]);
  const { code } = await at.node.node.run(['taskset', '-pc', `${cpu}`, `${vcpu.tid}`]);
  return code === 0 ? {} : null;
}

function astray(at: DamageAt, cpus: () => CpuSet): Damage | null {
  const vcpu = anyVcpu(at, () => true);
  const set = cpus();
  if (vcpu === null || vcpu.wanted.equals(set)) return null;
  at.node.setCpuset(vcpu.vm, vcpu.tid, set.toString());
  if (!vcpu.allowed.equals(set)) at.node.setMask(vcpu.vm, vcpu.tid, set.toString());
  return {};
}

function cpusetWidened(at: DamageAt): Damage | null {
  const vcpu = anyVcpu(at, wanted => wanted.size === 1);
  if (vcpu === null) return null;
  at.node.setCpuset(vcpu.vm, vcpu.tid, at.cpus.toString());
  return {};
}

function swapped(at: DamageAt): Damage | null {
  const pair = [0, 1].map(() => anyVcpu(at, wanted => wanted.size === 1));
  const [a, b] = pair;
  if (a == null || b == null || a.vm === b.vm || a.allowed.equals(b.allowed)) return null;
  for (const [thread, cpus] of [
    [a, b.allowed],
    [b, a.allowed],
  ] as const) {
    at.node.setCpuset(thread.vm, thread.tid, cpus.toString());
    at.node.setMask(thread.vm, thread.tid, cpus.toString());
  }
  return {};
}

/**
 * Pages of a guest go to a cell that has as many free. To any other cell the kernel would take memory from the cell's pools for good,
 * or leave pages behind: the machine is another one then. Nor does small memory leave a cell on which shared guests overcommit it, or
 * may before it is mended.
 */
async function memoryMoved(at: DamageAt): Promise<Damage | null> {
  const cells = readTopology(at.node.node.files, at.node.node.name).cells.map(({ id }) => id);
  const ways = at.placed.flatMap(({ vm, claim, placement }) => {
    const [part, second] = claim.cells;
    if (part === undefined || second !== undefined) return [];
    if (part.pageSizeKiB === null && (!at.atOnce || isOvercommitted(at, part.hostCell))) return [];
    const free = (cell: number) =>
      freePages(at.node.node.files, cell, part.pageSizeKiB ?? BASE_PAGE_KIB) ?? 0;
    return cells
      .filter(cell => cell !== part.hostCell && free(cell) >= part.pages)
      .map(cell => ({ vm, from: placement!.nodeset, to: `${cell}` }));
  });
  if (ways.length === 0) return null;
  const { vm, from, to } = one(at, ways);
  const { pid } = at.node.qemu(vm);
  const before = at.node.read(`/proc/${pid}/numa_maps`);
  await at.node.node.run(['migratepages', `${pid}`, from, to]);
  return at.node.read(`/proc/${pid}/numa_maps`) === before ? null : {};
}

/** Whether guests hold more base pages of the cell than it has. */
function isOvercommitted({ node, placed }: DamageAt, id: number): boolean {
  const cell = readTopology(node.node.files, node.node.name).cells.find(found => found.id === id)!;
  const base = cell.pages[0]!;
  const small = placed
    .flatMap(({ claim }) => claim.cells)
    .filter(({ hostCell, pageSizeKiB }) => hostCell === id && pageSizeKiB === null);
  return small.reduce((sum, { pages }) => sum + pages, 0) > base.total - base.reserved;
}

function cpuOffline(at: DamageAt): Damage | null {
  const vcpu = anyVcpu(at, wanted => wanted.size === 1);
  return vcpu === null ? null : { mend: takeOffline(at.node, vcpu.wanted.first!) };
}

class Killed extends Error {}

/** The lease of a hook that was killed: its process is none that lives. */
async function startKilled(at: DamageAt): Promise<Damage | null> {
  const pinfold = { HW_CPU_POLICY: 'dedicated' };
  const at999 = { owner: '999999:1' } as const;
  const wish = { vcpus: 1, memoryMiB: 64, pinfold };
  try {
    await at.node.start(at.freshId(), wish, {
      ...at999,
      at: point => {
        if (point === 'leased') throw new Killed();
      },
    });
  } catch (error) {
    if (error instanceof Killed) return {};
    throw error;
  }
  return null;
}

/**
 * A guest leaves with what it asks for, and arrives without its pins. One that has room where it was: shared guests that came after it
 * may have overcommitted the memory of its cell since, and then nobody has to take it again; nor where another guest has joined the
 * CPU of its emulator threads, beside which it keeps the sibling idle: a CPU that somebody else has by then is not joined so.
 */
async function migratedIn(at: DamageAt): Promise<Damage | null> {
  const { node } = at;
  const isJoined = ({ vm, claim, request }: LedgerEntry) =>
    request?.extraSpecs?.['hw:cpu_thread_policy'] === 'isolate' &&
    claim.emulator?.policy === 'isolate' &&
    at.placed.some(other => other.vm !== vm && other.claim.emulator?.cpus === claim.emulator!.cpus);
  const able = at.placed.filter(
    entry =>
      !isJoined(entry) &&
      entry.placement!.cells.every(
        ({ pageSizeKiB, hostCell }, index) =>
          index === 0 && pageSizeKiB === null && !isOvercommitted(at, hostCell),
      ),
  );
  if (able.length === 0) return null;
  const { vm, request } = one(at, able);
  const xml = await node.call('', []).domains.migratableXml(vm);
  if (xml === null || request === undefined) return null;
  const nothing = { vm, source: 'observed', cells: [] } as const;
  await node.virsh('destroy', vm);
  await releaseAfter(node.call('release', []));
  const arrived = '/tmp/arrived.xml';
  node.put(
    arrived,
    insertClaim(withoutPlacement(xml), writeClaimMetadata(nothing, { request })).replace(/ id='\d+'/, ''),
  );
  await node.virsh('create', arrived);
  return { moved: vm };
}

function ledgerLost({ node }: DamageAt): Damage {
  node.node.remove('/run/pinfold/ledger.json');
  return {};
}
