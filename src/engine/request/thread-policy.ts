import type { ThreadPolicy } from '../../domain/guest-spec.ts';
import { either, isOneOf, shown } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

const NOVAS = ['prefer', 'isolate', 'require'] as const;
const OURS = ['separate', 'avoid'] as const;
type Novas = (typeof NOVAS)[number];

/** `hw_cpu_thread_policy`, checked for itself; null when it is not given. */
export function imageThreadPolicy({ image }: RequestOptions): Novas | null {
  const value = image['hw_cpu_thread_policy'];
  return value === undefined ? null : checked('hw_cpu_thread_policy', value);
}

/** A thread policy and the option that it comes from. */
export interface ChosenThreadPolicy {
  readonly policy: ThreadPolicy;
  readonly option: string;
}

/**
 * The thread policy of both sources: the image chooses where the extra spec is silent, `prefer` of the extra
 * spec beats any image (as in Nova), any other difference is an error.
 */
export function threadPolicy(options: RequestOptions): ChosenThreadPolicy | null {
  const { extra, notes } = options;
  const image = imageThreadPolicy(options);
  const value = extra['hw:cpu_thread_policy'];
  if (value === undefined) return image === null ? null : { policy: image, option: 'hw_cpu_thread_policy' };
  const operator = checked('hw:cpu_thread_policy', value);
  if (image !== null && image !== operator) {
    if (operator !== 'prefer')
      throw new RequestFault(
        'thread-policy-conflict',
        'hw_cpu_thread_policy',
        `hw_cpu_thread_policy=${image} contradicts hw:cpu_thread_policy=${operator}: remove the image property or choose another profile.`,
      );
    notes.push(`hw:cpu_thread_policy=prefer overrides hw_cpu_thread_policy=${image}.`);
  }
  return { policy: operator, option: 'hw:cpu_thread_policy' };
}

/** `pinfold:threads`, for which Nova has no word; an error beside one of Nova's thread policies. */
export function pinfoldThreads(
  { extra }: RequestOptions,
  novas: ChosenThreadPolicy | null,
): ChosenThreadPolicy | null {
  const value = extra['pinfold:threads'];
  if (value === undefined) return novas;
  if (!isOneOf(OURS, value))
    throw new RequestFault(
      'pinfold-value-invalid',
      'pinfold:threads',
      `${shown('pinfold:threads', value)} is no thread policy: use ${either(OURS)} (${either(NOVAS)} belong into hw:cpu_thread_policy).`,
    );
  if (novas !== null)
    throw new RequestFault(
      'pinfold-conflict',
      'pinfold:threads',
      `pinfold:threads=${value} and ${novas.option} (${novas.policy}) both say how to use the threads of a core: remove one of them.`,
    );
  return { policy: value, option: 'pinfold:threads' };
}

function checked(option: string, value: string): Novas {
  if (isOneOf(NOVAS, value)) return value;
  throw new RequestFault(
    'thread-policy-invalid',
    option,
    `${shown(option, value)} is no thread policy: use ${either(NOVAS)}.`,
  );
}
