import type { CellRefusal, Refusal } from '../domain/decision.ts';
import { counted } from '../domain/counted.ts';
import type { RefusalCode } from '../domain/refusal-codes.ts';
import { fitCell } from './cell-fit.ts';
import { realtimeStarvesEmulator } from './emulator-cpus.ts';
import type { HostModel } from './host-model.ts';
import { matchingSize } from './matching.ts';
import { baseMemoryMiB, hostMemoryShort, type NotPlaced } from './place.ts';
import { placeDevices } from './place-devices.ts';
import { staticEmulatorCpu } from './place-emulator.ts';
import type { Missing } from './place-memory.ts';
import { CONSTRAINT_WORDS } from './constraint-words.ts';

/** Says why a guest does not fit: code, one sentence with the numbers, and a row for each pair that lacks something. */
export function refuse(model: HostModel, not: NotPlaced): Refusal {
  const rows = refusedPairs(model, not);
  const { code, summary } = wholeReason(model, not, rows);
  return { code, summary, cells: rows };
}

interface Reason {
  readonly code: RefusalCode;
  readonly summary: string;
}

function wholeReason(model: HostModel, not: NotPlaced, rows: readonly CellRefusal[]): Reason {
  const { guest, demands, costs } = not;
  const spec = guest.spec;
  const hosts = model.cells.length;
  const count = guest.cells.length;
  if (count > hosts)
    return {
      code: 'too-many-guest-cells',
      summary: `The guest wants ${counted(count, 'guest cell')}, each on a host cell of its own, but the host has ${hosts}.`,
    };
  if (realtimeStarvesEmulator(model, spec))
    return {
      code: 'emulator-needs-shared-set',
      summary: `${spec.vcpus === 1 ? 'The only vCPU is' : `All ${spec.vcpus} vCPUs are`} realtime, so the emulator threads (hw:emulator_threads_policy=share) need a CPU of cpu_shared_set that no guest takes, and this host has ${model.policy.emulatorShared === null ? 'no cpu_shared_set' : 'none to spare'}: set it in the node policy, take a vCPU out with hw:cpu_realtime_mask, or use isolate.`,
    };
  const lonely = spec.cells.find(
    cell =>
      rows.filter(row => row.guestCell === cell.id && row.constraint !== 'host-cell-taken').length === hosts,
  );
  if (lonely !== undefined)
    return lonelyCell(
      rows.filter(row => row.guestCell === lonely.id),
      count,
    );
  if (hostMemoryShort(model, guest))
    return {
      code: 'host-memory-reserved',
      summary: `The guest needs ${baseMemoryMiB(model, guest)} MiB of base pages, but only ${Math.max(0, Math.floor(model.spareMiB))} MiB are left on all host cells together beside the ${model.policy.reservedMemoryMiB} MiB reserved for the host.`,
    };
  if (spec.emulator === 'isolate' && model.emulatorPins.length > 0 && staticEmulatorCpu(model, [0]) < 0)
    return {
      code: 'emulator-pool-full',
      summary: `${model.emulatorPins.length === 1 ? 'The CPU' : `Each of the ${model.emulatorPins.length} CPUs`} of emulator_pin_set carries the ${counted(Math.floor(model.policy.emulatorRatio), 'guest')} that emulator_overcommit_ratio allows.`,
    };
  const seated = matchingSize(costs, count, hosts);
  if (seated < count)
    return {
      code: 'cells-compete',
      summary: `Each of the ${count} guest cells fits on some host cell, but only ${seated} of them at the same time.`,
    };
  if (demands.length > 0) return deviceReason(model, not);
  const extras = (guest.emulatorCpu ? 1 : 0) + guest.iothreadCpus;
  return {
    code: 'emulator-needs-cpu',
    summary: `The ${counted(spec.vcpus, 'vCPU')} ${spec.vcpus === 1 ? 'fits' : 'fit'}, but no host cell of the guest can add the ${counted(extras, 'dedicated CPU')} that emulator threads and iothreads need apart.`,
  };
}

/** The cell of these rows that lacks least; one that the guest may not use only where it may use none. */
function lonelyCell(all: readonly CellRefusal[], count: number): Reason {
  const allowed = all.filter(row => row.constraint !== 'allowed-cells');
  const rows = allowed.length === 0 ? all : allowed;
  const starves = rows.find(row => row.constraint === 'shared-guests-cpus');
  const best = starves ?? rows.reduce((a, b) => (b.available / b.needed > a.available / a.needed ? b : a));
  const words = CONSTRAINT_WORDS[best.constraint as keyof typeof CONSTRAINT_WORDS];
  const who = count === 1 ? 'The guest' : `Guest cell ${best.guestCell}`;
  const these = rows.length === all.length ? 'host cells' : 'host cells that pinfold:cells allows';
  const tail = rows.length === 1 ? '' : ` (the nearest of ${rows.length} ${these} to what is needed)`;
  return {
    code: starves === undefined ? 'no-cell-fits' : 'shared-guests-need-cpus',
    summary: `${who} ${words(best.needed, best.available, best.hostCell)}${tail}.`,
  };
}

function deviceReason(model: HostModel, { demands }: NotPlaced): Reason {
  const everywhere = demands.map(demand => ({ ...demand, policy: 'preferred' as const }));
  const all = model.cells.map(cell => cell.index);
  if (placeDevices(model, everywhere, all) === null)
    return {
      code: 'devices-not-free',
      summary: `The guest wants ${counted(demands.length, 'device')}, but the host does not have that many free ones of the kinds or addresses asked for.`,
    };
  return {
    code: 'devices-too-far',
    summary: `The ${counted(demands.length, 'device')} asked for ${demands.length === 1 ? 'is' : 'are'} free, but not near any host cells that the guest fits on (policy ${demands[0]!.policy}).`,
  };
}

/** One row for each guest cell and host cell: what is missing, or that the host cell goes to another guest cell. */
function refusedPairs(model: HostModel, not: NotPlaced): CellRefusal[] {
  const { guest } = not;
  const rows: CellRefusal[] = [];
  const missing: Missing = { constraint: 'memory', needed: 0, available: 0 };
  const seated =
    guest.cells.length <= model.cells.length &&
    matchingSize(not.costs, guest.cells.length, model.cells.length);
  const carrier = not.carries && (guest.cells.length === 1 || seated === guest.cells.length);
  guest.cells.forEach((need, index) => {
    const ask = {
      guest,
      need,
      carrier,
      scratch: model.scratch,
      missing,
      explain: true,
    };
    for (const cell of model.cells) {
      const fits = fitCell(model, cell, ask) !== Infinity;
      if (fits && guest.cells.length === 1) continue;
      rows.push({
        guestCell: guest.spec.cells[index]!.id,
        hostCell: cell.id,
        ...(fits
          ? { constraint: 'host-cell-taken', needed: guest.cells.length, available: model.cells.length }
          : { constraint: missing.constraint, needed: missing.needed, available: missing.available }),
      });
    }
  });
  return rows;
}
