import type { PlacementRequest } from '../../domain/placement-request.ts';
import { shown, strictBoolean } from './option-values.ts';
import { RequestFault } from './request-fault.ts';

const OPTION = 'pinfold:reserve_hotplug';

/**
 * How many vCPUs are placed: those that the guest starts with, and with `pinfold:reserve_hotplug` all that may ever be
 * plugged in. Only Proxmox VE starts a guest with fewer vCPUs than it may have; on libvirt the option says nothing.
 */
export function placedVcpus(request: PlacementRequest, notes: string[]): number {
  const { vcpus, maxVcpus = vcpus } = request;
  const value = request.extraSpecs?.[OPTION];
  if (value === undefined) return vcpus;
  const reserve = strictBoolean(value);
  if (reserve === undefined)
    throw new RequestFault(
      'pinfold-value-invalid',
      OPTION,
      `${shown(OPTION, value)} is neither yes nor no: use true or false.`,
    );
  if (!reserve) return vcpus;
  if (request.carrier === 'proxmox') return Math.max(vcpus, maxVcpus);
  notes.push(`${OPTION} was ignored: only Proxmox VE starts a guest with fewer vCPUs than it may have.`);
  return vcpus;
}
