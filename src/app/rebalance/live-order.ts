import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { ownThreads } from '../../engine/rebalance/own-threads.ts';
import { pinOrder, type PinChange } from '../../engine/rebalance/pin-order.ts';
import { pidOf } from '../../formats/proc/process-id.ts';
import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import type { NodePort } from '../ports.ts';

/**
 * The pins that take a guest from wherever its threads are in this moment to a placement, in an order in which none meets
 * another; threads that wait for each other step aside onto a CPU that the guest's claim holds. null = there is no order.
 */
export function liveOrder(
  node: NodePort,
  { entry, spec, to }: { readonly entry: LedgerEntry; readonly spec: GuestSpec; readonly to: Placement },
): readonly PinChange[] | null {
  const { claim, process } = entry;
  const from = { spec, claim, placement: livePlacement(node, to, process === null ? NaN : pidOf(process)) };
  const held = CpuSet.of(ownThreads(from).map(({ cpu }) => cpu));
  const pool = claim.emulator?.policy === 'isolate' ? parseCpuList(claim.emulator.cpus) : CpuSet.EMPTY;
  const claimed = CpuSet.union(claim.cells.map(({ pcpus }) => parseCpuList(pcpus)));
  const spare = claimed.minus(held).minus(pool).first ?? null;
  return pinOrder({ from, to: { spec, claim, placement: to } }, spare);
}

function livePlacement(node: NodePort, to: Placement, pid: number): Placement {
  const threads = readQemuThreads(node.files, pid);
  const masks = (role: 'vcpu' | 'iothread', known: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(known).map(([index, cpus]) => {
        const thread = threads.find(one => one.role === role && one.index === Number(index));
        return [index, thread?.allowed.toString() ?? cpus];
      }),
    );
  const others = threads.filter(({ role }) => role === 'emulator').map(({ allowed }) => allowed);
  const cpus = others.length === 0 ? to.emulator.cpus : CpuSet.union(others).toString();
  return {
    ...to,
    pins: masks('vcpu', to.pins),
    iothreads: masks('iothread', to.iothreads),
    emulator: { ...to.emulator, cpus },
  };
}
