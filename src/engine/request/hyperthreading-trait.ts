import { shown } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';
import type { ChosenThreadPolicy } from './thread-policy.ts';

const TRAIT = 'trait:HW_CPU_HYPERTHREADING';
const ANY_GROUP = /^trait\d*:HW_CPU_HYPERTHREADING$/;

/**
 * The thread policy that the trait HW_CPU_HYPERTHREADING stands for: `required` is require, `forbidden` (extra
 * specs only) is isolate. An error beside a thread policy; the given policy when there is no trait.
 */
export function threadPolicyFromTrait(
  { extra, image, notes }: RequestOptions,
  given: ChosenThreadPolicy | null,
): ChosenThreadPolicy | null {
  const option = Object.keys(extra).find(key => ANY_GROUP.test(key));
  let value = option === undefined ? undefined : extra[option];
  if (value === undefined && image[TRAIT] !== undefined) {
    if (image[TRAIT] !== 'required') {
      notes.push(
        `${shown(TRAIT, image[TRAIT])} among the image properties was ignored: an image can only require it.`,
      );
      return given;
    }
    value = image[TRAIT];
  }
  if (value === undefined) return given;
  if (value !== 'required' && value !== 'forbidden')
    throw new RequestFault(
      'hyperthreading-trait-invalid',
      option ?? TRAIT,
      `${shown(option ?? TRAIT, value)} is no wish for a trait: use required or forbidden.`,
    );
  if (given !== null)
    throw new RequestFault(
      'hyperthreading-trait-conflict',
      option ?? TRAIT,
      `${TRAIT}=${value} and ${given.option} (${given.policy}) both say how to use the threads of a core: remove one of them.`,
    );
  return { policy: value === 'required' ? 'require' : 'isolate', option: option ?? TRAIT };
}
