import { must, type Facts } from './placement-facts.ts';

/** Free devices of the kinds asked for, as near as their policy says. */
export function checkDevices(facts: Facts): void {
  const { placement, spec, host } = facts;
  const held = new Set(host.claims.flatMap(other => other.devices ?? []));
  const demands = spec.devices.flatMap(request => Array.from({ length: request.count ?? 1 }, () => request));
  must(facts, new Set(placement.devices).size === placement.devices.length, 'A device is given twice.');
  must(facts, placement.devices.length === demands.length, 'Not every device asked for is given.');
  const hosts = placement.cells.map(cell => cell.hostCell);
  const packages = hosts.map(id => facts.cellById.get(id)?.package ?? null);
  placement.devices.forEach((address, index) => {
    const demand = demands[index];
    const device = host.topology.devices.find(candidate => candidate.address === address);
    if (device === undefined || demand === undefined) {
      facts.broken.push(`Device ${address} does not exist or was not asked for.`);
      return;
    }
    must(facts, !held.has(address), `Device ${address} is claimed.`);
    const same =
      demand.address === undefined
        ? (demand.vendor ?? device.vendor) === device.vendor &&
          (demand.product ?? device.product) === device.product
        : demand.address === address;
    must(facts, same, `Device ${address} is not what was asked for.`);
    const policy = spec.devicePolicy ?? demand.policy ?? 'legacy';
    const near = device.cell !== null && hosts.includes(device.cell);
    const home = device.cell === null ? null : (facts.cellById.get(device.cell)?.package ?? null);
    const may =
      near ||
      policy === 'preferred' ||
      (policy === 'legacy' && device.cell === null) ||
      (policy === 'socket' && home !== null && !packages.includes(null) && packages.includes(home));
    must(facts, may, `Device ${address} is too far for policy ${policy}.`);
  });
}
