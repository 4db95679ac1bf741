import { parseLedger } from '../../formats/ledger/parse-ledger.ts';
import type { NodePort } from '../../app/ports.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { HostPolicy } from '../../domain/host-policy.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { burntCpus, guestOfClaim } from '../../formats/map/model-of-host.ts';
import type { MapGuest, MapModel } from '../../formats/map/map-model.ts';
import { isAlive } from '../../formats/proc/process-id.ts';
import { readQemuProcesses } from '../../formats/proc/qemu-processes.ts';
import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import { readTopology } from '../../formats/sysfs/read-topology.ts';
import type { TextTree } from '../../formats/text-tree.ts';

/** KiB of a page where numa_maps does not say. */
const BASE_PAGE_KIB = 4;

/**
 * What runs on a node now, from /sys and /proc alone. Only the CPUs that guests keep empty and what a guest will
 * have whose start is under way come from the ledger in the state folder, because nothing runs there that could be
 * seen.
 */
export function readMapModel(
  node: Pick<NodePort, 'files' | 'name'>,
  policy: HostPolicy,
  stateFolder = '/run/pinfold',
): MapModel {
  const topology = readTopology(node.files, node.name);
  const ledger = node.files.read(`${stateFolder}/ledger.json`);
  const entries = (ledger === null ? null : parseLedger(ledger))?.entries ?? [];
  const placed = new Set(
    entries.flatMap(({ process, foreign }) => (foreign === null ? (process ?? []) : [])),
  );
  const live = readQemuProcesses(node.files).map(({ pid, name, process }) =>
    readGuest(node.files, { pid, name, floats: placed.has(process) }),
  );
  const started = entries.filter(
    ({ vm, process, claim }) =>
      process === null && !live.some(({ name }) => name === vm) && isAlive(node.files, claim.owner ?? ''),
  );
  const claims = entries.map(({ claim }) => claim);
  const starting = started.map(({ claim }) =>
    guestOfClaim(claim, { topology, policy, claims, source: 'lease' }),
  );
  return {
    topology,
    policy,
    guests: [...live, ...starting],
    keptEmpty: new Map([...started.flatMap(burnt), ...entries.flatMap(entry => keptEmpty(entry, live))]),
  };
}

function burnt({ vm, claim }: LedgerEntry): [number, string][] {
  return [...burntCpus(claim)].map(cpu => [cpu, vm]);
}

function readGuest(
  tree: TextTree,
  { pid, name, floats }: { readonly pid: number; readonly name: string; readonly floats: boolean },
): MapGuest {
  const threads = readQemuThreads(tree, pid);
  const vcpus = threads.filter(({ role }) => role === 'vcpu');
  return {
    name,
    source: 'threads',
    floats,
    iothreads: threads.filter(({ role }) => role === 'iothread').map(({ allowed }) => allowed),
    vcpus: vcpus.sort((a, b) => (a.index ?? 0) - (b.index ?? 0)).map(({ allowed }) => allowed),
    emulator: CpuSet.union(threads.filter(({ role }) => role === 'emulator').map(({ allowed }) => allowed)),
    memory: memoryIn(tree.read(`/proc/${pid}/numa_maps`) ?? ''),
  };
}

/** Sums the `N<cell>=<pages>` words of numa_maps by cell and page size. */
function memoryIn(numaMaps: string): MapGuest['memory'] {
  const sums = new Map<string, { cell: number; sizeKiB: number; mib: number }>();
  for (const line of numaMaps.split('\n')) {
    const sizeKiB = Number(/ kernelpagesize_kB=(\d+)/.exec(line)?.[1] ?? BASE_PAGE_KIB);
    for (const [, cell, pages] of line.matchAll(/ N(\d+)=(\d+)/g)) {
      const sum = sums.get(`${cell!}/${sizeKiB}`) ?? { cell: Number(cell), sizeKiB, mib: 0 };
      sum.mib += (Number(pages) * sizeKiB) / 1024;
      sums.set(`${cell!}/${sizeKiB}`, sum);
    }
  }
  return [...sums.values()].sort((a, b) => a.cell - b.cell || a.sizeKiB - b.sizeKiB);
}

function keptEmpty({ vm, claim }: LedgerEntry, guests: readonly MapGuest[]): [number, string][] {
  const guest = guests.find(({ name }) => name === vm);
  if (guest === undefined) return [];
  const used = CpuSet.union([...guest.vcpus, ...guest.iothreads, guest.emulator]);
  const claimed = CpuSet.union(claim.cells.map(({ pcpus }) => parseCpuList(pcpus)));
  return [...claimed.minus(used)].map(cpu => [cpu, vm]);
}
