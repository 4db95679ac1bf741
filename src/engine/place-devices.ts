import type { GuestSpec } from '../domain/guest-spec.ts';
import type { DevicePolicy, DeviceRequest } from '../domain/placement-request.ts';
import { assignCells } from './assign-cells.ts';
import type { HostModel } from './host-model.ts';

/** One device that the guest is to get. */
export interface DeviceDemand {
  readonly request: DeviceRequest;
  readonly policy: DevicePolicy;
}

/** Devices for one set of host cells. */
export interface DevicesFound {
  /** Sum over the devices of their distance to the guest's nearest cell; 0 = all are local. */
  readonly distance: number;
  /** In the order of the demands. */
  readonly addresses: readonly string[];
}

/** Counts as farther than any cell: where a device of unknown cell is. */
const UNKNOWN_CELL_DISTANCE = 1000;

/** The demands of a guest, one for each device; its own policy overrides those of the devices. */
export function deviceDemands(spec: GuestSpec): readonly DeviceDemand[] {
  const demands: DeviceDemand[] = [];
  for (const request of spec.devices) {
    const policy = spec.devicePolicy ?? request.policy ?? 'legacy';
    for (let i = 0; i < (request.count ?? 1); i += 1) demands.push({ request, policy });
  }
  return demands;
}

/** Whether the device is one that the request names. */
function isWanted(
  demand: DeviceDemand,
  device: { readonly address: string; readonly vendor: string; readonly product: string },
): boolean {
  const { address, vendor, product } = demand.request;
  if (address !== undefined) return device.address === address;
  return (
    (vendor === undefined || device.vendor === vendor) &&
    (product === undefined || device.product === product)
  );
}

/**
 * Gives a guest on these host cells its devices, nearest first, or null when its policies cannot be kept:
 * `required` a device of one of the cells; `socket` also one of a cell in the same package; `legacy` also one of
 * unknown cell; `preferred` any. Cheapest assignment over all demands, so that one does not take what only it
 * leaves to another; of equal devices the lowest address.
 */
export function placeDevices(
  model: HostModel,
  demands: readonly DeviceDemand[],
  hostCells: readonly number[],
): DevicesFound | null {
  const devices = model.freeDevices;
  const costs = new Float64Array(demands.length * devices.length);
  for (let d = 0; d < devices.length; d += 1) {
    const { device, cell } = devices[d]!;
    const near = distanceTo(model, hostCells, cell);
    for (let i = 0; i < demands.length; i += 1) {
      const demand = demands[i]!;
      const may =
        isWanted(demand, device) &&
        (near === 0 || mayBeRemote(model, { policy: demand.policy, hostCells, cell }));
      costs[i * devices.length + d] = may ? near * 65536 + Math.min(65535, d) : Infinity;
    }
  }
  const size = { rows: demands.length, columns: devices.length };
  const found = assignCells(costs, size, new Uint8Array(devices.length).fill(1));
  if (found === null) return null;
  let distance = 0;
  for (const index of found) distance += distanceTo(model, hostCells, devices[index]!.cell);
  return { distance, addresses: Array.from(found, index => devices[index]!.device.address) };
}

function distanceTo(model: HostModel, hostCells: readonly number[], cell: number): number {
  if (cell < 0) return UNKNOWN_CELL_DISTANCE;
  let near = UNKNOWN_CELL_DISTANCE - 1;
  for (const own of hostCells) {
    if (own === cell) return 0;
    near = Math.min(near, Math.max(1, model.distances[own * model.cells.length + cell]! - 10));
  }
  return near;
}

function mayBeRemote(
  model: HostModel,
  at: { readonly policy: DevicePolicy; readonly hostCells: readonly number[]; readonly cell: number },
): boolean {
  switch (at.policy) {
    case 'required':
      return false;
    case 'preferred':
      return true;
    case 'legacy':
      return at.cell < 0;
    case 'socket': {
      const home = at.cell < 0 ? null : model.cells[at.cell]!.package;
      const own = at.hostCells.map(cell => model.cells[cell]!.package);
      return home !== null && !own.includes(null) && own.includes(home);
    }
  }
}
