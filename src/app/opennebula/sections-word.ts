import { AppError, EXIT } from '../../domain/app-error.ts';
import { clip } from '../../domain/cpu-list.ts';
import type { OnRefusal } from '../../domain/node-policy.ts';
import type { VmDescription } from '../../formats/opennebula/vm-description.ts';

/** The option of the PINFOLD section that is no option of the placement: `ON_REFUSAL`. */
export const ON_REFUSAL = 'pinfold:on_refusal';

/** What the PINFOLD section of a VM says of a refusal; undefined when it says nothing. Throws an AppError for another word. */
export function sectionsWord(vm: Pick<VmDescription, 'policy'>): OnRefusal | undefined {
  const word = vm.policy?.extraSpecs[ON_REFUSAL]?.toLowerCase();
  if (word === undefined || word === 'strict' || word === 'float') return word;
  throw new AppError(
    'on-refusal-invalid',
    EXIT.usage,
    `ON_REFUSAL in the VM's PINFOLD section is "${clip(word)}", but it must be strict or float.`,
  );
}
