import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { buildHostModel } from '../../engine/host-model.ts';
import type { Observed, SeenGuest } from './observed.ts';
import { orderPins, type PinTask } from './order-pins.ts';
import type { Act, Repair } from './repair.ts';
import { heldCpus, isOwnCpu } from './wanted-placement.ts';

/** A task of a pin, and the repair that it stands for. */
type RepairTask = PinTask & { readonly repair: Repair };

/**
 * Repairs in the order in which they are made: pins as {@link orderPins} has it, with steps aside where threads wait for
 * each other in a circle; then memory, because a guest's CPUs must be where its memory will be; then files.
 */
export function orderRepairs(
  repairs: readonly Repair[],
  at: { readonly seen: Observed; readonly entries: ReadonlyMap<string, LedgerEntry> },
): readonly Repair[] {
  const tasks = repairs.flatMap((repair, index) => {
    const guest = at.seen.guests.find(({ vm }) => vm === repair.vm);
    return guest === undefined ? [] : taskOf(repair, { index, guest, at });
  });
  const pins = orderPins(tasks, spareCpus(at)).map(({ task, to }): Repair => {
    const { repair } = task as RepairTask;
    return { ...repair, from: task.from.toString(), act: { ...repair.act, cpus: to.toString() } as Act };
  });
  const later = (kinds: readonly Act['kind'][]) => repairs.filter(({ act }) => kinds.includes(act.kind));
  return [...pins, ...later(['bind-memory', 'return-pages']), ...later(['remove-file'])];
}

function taskOf(
  repair: Repair,
  {
    index,
    guest,
    at,
  }: {
    readonly index: number;
    readonly guest: SeenGuest;
    readonly at: { readonly seen: Observed; readonly entries: ReadonlyMap<string, LedgerEntry> };
  },
): RepairTask[] {
  const { act, vm } = repair;
  if (act.kind !== 'pin-vcpu' && act.kind !== 'pin-iothread' && act.kind !== 'pin-emulator') return [];
  const entry = at.entries.get(vm) ?? at.seen.entries.find(one => one.vm === vm) ?? null;
  const held = entry === null ? CpuSet.EMPTY : heldCpus(entry);
  const threads = guest.threads.filter(({ role, index: number }) =>
    act.kind === 'pin-emulator'
      ? role === 'emulator'
      : role === (act.kind === 'pin-vcpu' ? 'vcpu' : 'iothread') && number === act.index,
  );
  const to = parseCpuList(act.cpus);
  return [
    {
      key: `${index}`,
      vm,
      repair,
      from: CpuSet.union(threads.map(({ allowed }) => allowed)),
      to,
      exclusive: act.kind !== 'pin-emulator' && isOwnCpu(to, held),
      aside: held,
    },
  ];
}

/** Online CPUs that no claim holds and on which no guest's thread is bound alone. */
function spareCpus({
  seen,
  entries,
}: {
  readonly seen: Observed;
  readonly entries: ReadonlyMap<string, LedgerEntry>;
}): CpuSet {
  const claims = seen.host.claims.map(claim => entries.get(claim.vm)?.claim ?? claim);
  const model = buildHostModel({ ...seen.host, claims });
  const held = [...entries.values()].map(heldCpus);
  const stood = seen.guests.flatMap(({ threads }) =>
    threads.map(({ allowed }) => allowed).filter(allowed => allowed.size === 1),
  );
  return model.policy.online.minus(model.usage.cpus).minus(CpuSet.union([...held, ...stood]));
}
