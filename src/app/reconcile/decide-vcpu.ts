import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import type { HostModel } from '../../engine/host-model.ts';
import { withoutIdleCores } from './burnt-siblings.ts';
import { specOfEntry, type PlacedEntry } from './guest-cores.ts';
import { heldCpus } from './wanted-placement.ts';

/** What a vCPU gets: the guest's entry with it, its CPUs, and whether it has one for itself. */
export interface VcpuDecision {
  readonly entry: PlacedEntry;
  readonly cpus: CpuSet;
  readonly isOwn: boolean;
}

/**
 * CPUs for one vCPU of a guest that runs: one that was plugged in, or (`from`) one whose CPU is offline.
 *
 * 1. In a guest whose vCPUs float, it floats with the others of its first cell.
 * 2. Else it gets a free dedicated CPU that the guests which float can spare, on the host cell of its guest cell (one that was
 *    plugged in: on the host cells of the guest in the order of its guest cells); of a guest that
 *    leaves siblings idle, on a core that is free as a whole, which is then claimed. Sort keys: the fewest free siblings
 *    (broken cores are filled first), then the lowest number. The siblings that were idle beside the CPU which it loses are free.
 *    Emulator threads that floated over the CPU which it loses float over the new one instead.
 * 3. None is free: it shares the guest's own CPUs that are online, so that it disturbs nobody else.
 */
export function decideVcpu(
  entry: PlacedEntry,
  vcpu: { readonly number: number; readonly from: string | null },
  at: { readonly model: HostModel; readonly taken: CpuSet },
): VcpuDecision {
  const { placement } = entry;
  const held = heldCpus(entry);
  const floating = Object.values(placement.pins).find(cpus => !parseCpuList(cpus).isSubsetOf(held));
  if (floating !== undefined && vcpu.from === null)
    return {
      entry: withVcpu(entry, vcpu, { cpus: floating, cell: placement.cells[0]!.hostCell }),
      cpus: parseCpuList(floating),
      isOwn: false,
    };
  const found = freeCpu(entry, vcpu.number, at);
  if (found !== null) {
    const { cpu, cell, core } = found;
    const after = withVcpu(entry, vcpu, { cpus: `${cpu}`, cell, core });
    const cells = withoutIdleCores(after.claim.cells, at.model);
    return {
      entry: { ...after, claim: { ...after.claim, cells } },
      cpus: CpuSet.of([cpu]),
      isOwn: true,
    };
  }
  const own = CpuSet.union(Object.values(placement.pins).map(parseCpuList))
    .intersect(held)
    .intersect(at.model.policy.online);
  const cpus = own.isEmpty ? held.intersect(at.model.policy.online) : own;
  if (vcpu.from !== null) return { entry, cpus, isOwn: false };
  return { entry: withVcpu(entry, vcpu, { cpus: cpus.toString(), cell: null }), cpus, isOwn: false };
}

interface FreeCpu {
  readonly cpu: number;
  readonly cell: number;
  /** Claimed as a whole; null where siblings stay usable for others. */
  readonly core: CpuSet | null;
}

function freeCpu(
  entry: PlacedEntry,
  vcpu: number,
  at: { readonly model: HostModel; readonly taken: CpuSet },
): FreeCpu | null {
  const { claim, placement } = entry;
  // One whose siblings were offline when it came keeps none idle yet.
  const burns =
    specOfEntry(entry)?.threadPolicy === 'isolate' || claim.cells.some(({ burnt }) => burnt !== undefined);
  const home = placement.cells.filter(({ vcpus }) => parseCpuList(vcpus).has(vcpu));
  for (const { hostCell } of home.length > 0 ? home : placement.cells) {
    const cell = at.model.cells.find(({ id }) => id === hostCell);
    if (cell === undefined) continue;
    const free = cell.cpus.intersect(at.model.policy.dedicated).minus(at.taken);
    const siblings = (cpu: number) => CpuSet.of(cell.cores.members.find(core => core.includes(cpu)) ?? [cpu]);
    const candidates = [...free]
      .map(cpu => ({ cpu, core: siblings(cpu) }))
      .filter(({ core }) => !burns || core.isSubsetOf(free))
      .filter(({ cpu, core }) => canSpare(at.model, cell, burns ? core : CpuSet.of([cpu])))
      .map(({ cpu, core }) => ({ cpu, core, open: core.intersect(free).size }))
      .sort((a, b) => a.open - b.open || a.cpu - b.cpu);
    const best = candidates[0];
    if (best !== undefined) return { cpu: best.cpu, cell: hostCell, core: burns ? best.core : null };
  }
  return null;
}

/** Whether the shared vCPUs of a cell have enough CPUs to float over without these. */
export function canSpare({ policy }: HostModel, cell: HostModel['cells'][number], cpus: CpuSet): boolean {
  const taken = cpus.intersect(cell.floating).size;
  // The small number is for ratios that are no binary fractions.
  return taken === 0 || (cell.floatingSize - taken) * policy.cpuRatio + 1e-9 >= cell.sharedVcpus;
}

/** The entry with this vCPU on these CPUs; those of its own are claimed, and `from` is given back. */
function withVcpu(
  entry: PlacedEntry,
  vcpu: { readonly number: number; readonly from: string | null },
  to: { readonly cpus: string; readonly cell: number | null; readonly core?: CpuSet | null },
): PlacedEntry {
  const { placement, claim } = entry;
  const isOwn = to.core !== undefined;
  const gone = parseCpuList(vcpu.from ?? '');
  const home = to.cell ?? placement.cells[0]!.hostCell;
  const cells = claim.cells.map(cell => {
    const kept = parseCpuList(cell.pcpus).minus(gone);
    if (cell !== claim.cells.find(({ hostCell }) => hostCell === home))
      return { ...cell, pcpus: kept.toString() };
    if (!isOwn)
      return { ...cell, pcpus: kept.toString(), sharedVcpus: cell.sharedVcpus + (to.cell === null ? 0 : 1) };
    const taken = to.core ?? parseCpuList(to.cpus);
    const burnt = parseCpuList(cell.burnt ?? '').union(taken.minus(parseCpuList(to.cpus)));
    return {
      ...cell,
      pcpus: kept.union(taken).toString(),
      ...(burnt.isEmpty ? {} : { burnt: burnt.toString() }),
    };
  });
  const at = placement.cells.findIndex(({ hostCell }) => hostCell === home);
  const isKnown = placement.cells.some(({ vcpus }) => parseCpuList(vcpus).has(vcpu.number));
  const others = followed(placement, gone, parseCpuList(to.cpus));
  const emulator = claim.emulator && { ...claim.emulator, cpus: others.emulator.cpus };
  return {
    ...entry,
    claim: { ...claim, cells, ...(emulator ? { emulator } : {}) },
    placement: {
      ...placement,
      ...others,
      pins: { ...placement.pins, [vcpu.number]: to.cpus },
      cells: placement.cells.map((cell, index) =>
        isKnown || index !== at
          ? cell
          : {
              ...cell,
              vcpus: parseCpuList(cell.vcpus)
                .union(CpuSet.of([vcpu.number]))
                .toString(),
            },
      ),
    },
  };
}

/** Emulator threads, and iothreads with them, that float over a CPU which the guest gives up float over the new one instead. */
function followed(
  { emulator, iothreads }: Placement,
  gone: CpuSet,
  own: CpuSet,
): Pick<Placement, 'emulator' | 'iothreads'> {
  const before = parseCpuList(emulator.cpus);
  if (emulator.policy === 'isolate' || !before.intersects(gone)) return { emulator, iothreads };
  const cpus = before.minus(gone).union(own).toString();
  return {
    emulator: { ...emulator, cpus },
    iothreads: Object.fromEntries(
      Object.entries(iothreads).map(([id, set]) => [id, set === emulator.cpus ? cpus : set]),
    ),
  };
}
