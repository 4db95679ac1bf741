import { counted } from '../../domain/counted.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import { amountOption } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

/**
 * The CPU policy that `resources:PCPU=n` (dedicated) or `resources:VCPU=n` (shared) stand for, numbered groups
 * (`resources1:PCPU`) added up; the given policy when there is none of them. Errors: beside a CPU policy; both;
 * PCPU not the number of vCPUs (one more with an emulator CPU of its own).
 */
export function policyFromResources(
  { extra, vcpus }: RequestOptions,
  policy: GuestSpec['cpuPolicy'],
  emulatorIsolated: boolean,
): GuestSpec['cpuPolicy'] {
  const asked = { PCPU: 0, VCPU: 0 };
  for (const key of Object.keys(extra)) {
    const type = /^resources\d*:(PCPU|VCPU)$/.exec(key)?.[1] as 'PCPU' | 'VCPU' | undefined;
    if (type !== undefined)
      asked[type] += amountOption(key, extra[key]!, { code: 'resources-invalid', what: 'number of CPUs' });
  }
  if (asked.PCPU === 0 && asked.VCPU === 0) return policy;
  const [option, count] = asked.PCPU > 0 ? ['resources:PCPU', asked.PCPU] : ['resources:VCPU', asked.VCPU];
  if (policy !== null)
    throw new RequestFault(
      'resources-conflict',
      option,
      `${option}=${count} and the CPU policy ${policy} both say what the vCPUs run on: remove one of them.`,
    );
  if (asked.PCPU > 0 && asked.VCPU > 0)
    throw new RequestFault(
      'resources-conflict',
      'resources:PCPU',
      `resources:PCPU=${asked.PCPU} and resources:VCPU=${asked.VCPU} cannot stand together: use hw:cpu_policy=mixed with hw:cpu_dedicated_mask.`,
    );
  if (asked.PCPU === 0) return 'shared';
  const needed = vcpus + (emulatorIsolated ? 1 : 0);
  if (asked.PCPU !== needed)
    throw new RequestFault(
      'resources-count-wrong',
      'resources:PCPU',
      `resources:PCPU=${asked.PCPU} does not match the guest, which needs ${needed} (${counted(vcpus, 'vCPU')}${emulatorIsolated ? ' and one CPU for its emulator threads' : ''}).`,
    );
  return 'dedicated';
}
