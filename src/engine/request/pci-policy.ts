import { DEVICE_POLICIES, type DevicePolicy } from '../../domain/placement-request.ts';
import { either, isOneOf, shown } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

/** `hw_pci_numa_affinity_policy`, checked for itself; null when it is not given. */
export function imagePciPolicy({ image }: RequestOptions): DevicePolicy | null {
  const value = image['hw_pci_numa_affinity_policy'];
  return value === undefined ? null : checked('hw_pci_numa_affinity_policy', value);
}

/** The PCI affinity of all devices, from either source (they must agree); null when neither says one. */
export function pciPolicy(options: RequestOptions): DevicePolicy | null {
  const image = imagePciPolicy(options);
  const value = options.extra['hw:pci_numa_affinity_policy'] ?? '';
  if (value === '') return image;
  const operator = checked('hw:pci_numa_affinity_policy', value);
  if (image === null || image === operator) return operator;
  throw new RequestFault(
    'pci-policy-conflict',
    'hw_pci_numa_affinity_policy',
    `hw_pci_numa_affinity_policy=${image} contradicts hw:pci_numa_affinity_policy=${operator}: remove the image property or choose another profile.`,
  );
}

function checked(option: string, value: string): DevicePolicy {
  if (isOneOf(DEVICE_POLICIES, value)) return value;
  throw new RequestFault(
    'pci-policy-invalid',
    option,
    `${shown(option, value)} is no PCI affinity: use ${either(DEVICE_POLICIES)}.`,
  );
}
