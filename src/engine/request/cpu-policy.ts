import type { GuestSpec } from '../../domain/guest-spec.ts';
import { either, isOneOf, shown } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

const CPU_POLICIES = ['shared', 'dedicated', 'mixed'] as const;
type CpuPolicy = GuestSpec['cpuPolicy'];

/** `hw_cpu_policy`, checked for itself; null when it is not given. */
export function imageCpuPolicy({ image }: RequestOptions): CpuPolicy {
  const value = image['hw_cpu_policy'];
  if (value === undefined) return null;
  return checked('hw_cpu_policy', value);
}

/**
 * The CPU policy of both sources, by Nova's matrix: the extra spec holds where the image says less or the same
 * (`dedicated` covers all, `mixed` covers shared), the image chooses where the extra spec is silent, and an
 * image that wants more than the extra spec grants is an error.
 */
export function cpuPolicy(options: RequestOptions): CpuPolicy {
  const { extra, notes } = options;
  const image = imageCpuPolicy(options);
  const value = extra['hw:cpu_policy'];
  if (value === undefined || value === '') return image;
  const operator = checked('hw:cpu_policy', value);
  if (image === null || image === operator) return operator;
  if (operator === 'dedicated' || (operator === 'mixed' && image === 'shared')) {
    notes.push(`hw:cpu_policy=${operator} overrides hw_cpu_policy=${image}.`);
    return operator;
  }
  throw new RequestFault(
    'cpu-policy-conflict',
    'hw_cpu_policy',
    `hw_cpu_policy=${image} asks for more than hw:cpu_policy=${value} grants: remove the image property or choose another profile.`,
  );
}

function checked(option: string, value: string): CpuPolicy {
  if (isOneOf(CPU_POLICIES, value)) return value;
  throw new RequestFault(
    'cpu-policy-invalid',
    option,
    `${shown(option, value)} is no CPU policy: use ${either(CPU_POLICIES)}.`,
  );
}
