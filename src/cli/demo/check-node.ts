import type { Placement } from '../../domain/decision.ts';
import type { MapGuest, MapModel } from '../../formats/map/map-model.ts';
import { cpuMarks } from '../../formats/map/cpu-marks.ts';
import { poolCpus } from '../../formats/map/guest-cpus.ts';
import { type DemoGuest, deploymentXml, guestFolder, POOLED, REALTIME } from './demo-guests.ts';
import type { DemoNode } from './demo-node.ts';

/** Something that must be true of the node, and whether it is. */
export interface Check {
  readonly what: string;
  /** What was found instead; null = it holds. */
  readonly fault: string | null;
}

/**
 * Compares what runs in the tree's /proc with what was decided, without any help of the hook: each vCPU thread
 * and the emulator threads of each placed guest, no CPU owned twice, memory on the decided cells and nowhere else,
 * and the XML of the guest without policy untouched.
 */
export function checkNode(demo: DemoNode, model: MapModel, running: readonly DemoGuest[]): readonly Check[] {
  const entries = demo.ledger().entries;
  const placed = running.flatMap(({ name }) => {
    const placement = entries.find(({ vm }) => vm === name)?.placement ?? null;
    const guest = model.guests.find(live => live.name === name);
    return placement === null || guest === undefined ? [] : [{ guest, placement }];
  });
  const threads = placed.reduce((sum, { guest }) => sum + guest.vcpus.length, 0);
  const wanted = running.filter(({ policy }) => policy !== null);
  const untouched = running.filter(({ policy }) => policy === null);
  const contended = [...cpuMarks(model)].filter(([, { use }]) => use === 'contended');
  return [
    check(
      `every guest that was started runs (${running.length})`,
      running
        .filter(({ name }) => !model.guests.some(live => live.name === name))
        .map(({ name }) => `${name} does not`),
    ),
    check(
      `every guest with a policy has a placement (${wanted.length})`,
      wanted.length === placed.length ? [] : [`${placed.length} have one`],
    ),
    check(`every vCPU thread runs where it was decided (${threads})`, placed.flatMap(strayVcpus)),
    check('emulator threads run where they were decided', placed.flatMap(strayEmulators)),
    check(`${POOLED.join(' and ')} share one emulator CPU`, strayPool(model)),
    check(`${REALTIME.name} has ${REALTIME.vcpus} vCPUs in SCHED_FIFO`, strayRealtime(demo)),
    check(
      'no CPU belongs to two guests',
      contended.map(([cpu]) => `CPU ${cpu} does`),
    ),
    check('memory lies on the decided cells', placed.flatMap(strayMemory)),
    check(
      'the guest without a policy was passed on byte for byte',
      untouched
        .filter(guest => demo.node.files.read(`${guestFolder(guest)}/deployment.0`) !== deploymentXml(guest))
        .map(({ name }) => `${name} was changed`),
    ),
  ];
}

interface Placed {
  readonly guest: MapGuest;
  readonly placement: Placement;
}

function check(what: string, faults: readonly string[]): Check {
  return { what, fault: faults.length === 0 ? null : faults.join(', ') };
}

function strayVcpus({ guest, placement }: Placed): string[] {
  const decided = Object.entries(placement.pins);
  if (decided.length !== guest.vcpus.length) return [`${guest.name} has ${guest.vcpus.length} vCPU threads`];
  return decided
    .filter(([vcpu, cpus]) => guest.vcpus[Number(vcpu)]!.toString() !== cpus)
    .map(
      ([vcpu, cpus]) => `${guest.name}'s ${vcpu} is on ${guest.vcpus[Number(vcpu)]!.toString()}, not ${cpus}`,
    );
}

function strayEmulators({ guest, placement }: Placed): string[] {
  const actual = guest.emulator.toString();
  return actual === placement.emulator.cpus
    ? []
    : [`${guest.name}'s are on ${actual}, not ${placement.emulator.cpus}`];
}

function strayMemory({ guest, placement }: Placed): string[] {
  return placement.cells.flatMap(({ hostCell, memoryMiB, pageSizeKiB }) => {
    const found = guest.memory
      .filter(part => part.cell === hostCell && (pageSizeKiB === null || part.sizeKiB === pageSizeKiB))
      .reduce((sum, { mib }) => sum + mib, 0);
    return found === memoryMiB ? [] : [`${guest.name} has ${found} of ${memoryMiB} MiB on cell ${hostCell}`];
  });
}

function strayPool({ guests }: MapModel): string[] {
  const pools = POOLED.map(name => guests.find(guest => guest.name === name)).map(guest =>
    guest === undefined ? '' : poolCpus(guest).toString(),
  );
  return pools.every(pool => pool !== '' && pool === pools[0]) ? [] : [`they are on ${pools.join(' and ')}`];
}

/** Scheduling class in field 41 of proc(5)'s stat: 1 = SCHED_FIFO. Names here hold no blanks but `CPU n/KVM`. */
function strayRealtime({ node }: DemoNode): string[] {
  const pid = (node.files.read(`/run/libvirt/qemu/${REALTIME.name}.pid`) ?? '').trim();
  const fifo = node.files
    .list(`/proc/${pid}/task`)
    .map(tid => node.files.read(`/proc/${pid}/task/${tid}/stat`) ?? '')
    .filter(stat => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38] === '1');
  return fifo.length === REALTIME.vcpus ? [] : [`it has ${fifo.length}`];
}
