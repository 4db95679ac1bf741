import { parseLedger } from '../../adapters/ledger/parse-ledger.ts';
import type { NodePort } from '../../app/ports.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { HostPolicy } from '../../domain/host-policy.ts';
import { readQemuProcesses } from '../../formats/proc/qemu-processes.ts';
import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import { readTopology } from '../../formats/sysfs/read-topology.ts';
import type { TextTree } from '../../formats/text-tree.ts';
import type { MapGuest, MapModel } from './map-model.ts';

/** KiB of a page where numa_maps does not say. */
const BASE_PAGE_KIB = 4;

/**
 * What runs on a node now, from /sys and /proc alone. Only the CPUs that guests keep empty come from the ledger in
 * the state folder, because nothing runs there that could be seen.
 */
export function readMapModel(
  node: Pick<NodePort, 'files' | 'name'>,
  policy: HostPolicy,
  stateFolder = '/run/pinfold',
): MapModel {
  const guests = readQemuProcesses(node.files).map(({ pid, name }) => readGuest(node.files, pid, name));
  return {
    topology: readTopology(node.files, node.name),
    policy,
    guests,
    keptEmpty: keptEmpty(node.files.read(`${stateFolder}/ledger.json`), guests),
  };
}

function readGuest(tree: TextTree, pid: number, name: string): MapGuest {
  const threads = readQemuThreads(tree, pid);
  const vcpus = threads.filter(({ role }) => role === 'vcpu');
  return {
    name,
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

function keptEmpty(ledger: string | null, guests: readonly MapGuest[]): ReadonlyMap<number, string> {
  const entries = (ledger === null ? null : parseLedger(ledger))?.entries ?? [];
  return new Map(
    entries.flatMap(({ vm, claim }) => {
      const guest = guests.find(({ name }) => name === vm);
      if (guest === undefined) return [];
      const used = CpuSet.union([...guest.vcpus, guest.emulator]);
      const claimed = CpuSet.union(claim.cells.map(({ pcpus }) => parseCpuList(pcpus)));
      return [...claimed.minus(used)].map((cpu): [number, string] => [cpu, vm]);
    }),
  );
}
