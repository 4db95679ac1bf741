import type { Profile } from '../../domain/node-policy.ts';
import type { VmDescription } from '../../formats/opennebula/vm-description.ts';

/** What of a tenant's wishes counts, and the sentence about those that do not (null: all do). */
export interface TenantsPart {
  readonly imageProperties: Readonly<Record<string, string>>;
  readonly refused: string | null;
}

/**
 * The image properties of `PINFOLD_WISH` that the profile lets the tenant set. `hw_numa_cpus` stands for all its
 * numbered ones. A VM without profile may wish nothing.
 */
export function tenantsPart(vm: VmDescription, profile: Profile | null): TenantsPart {
  const wishes = Object.entries(vm.wish?.imageProperties ?? {});
  const may = profile?.tenant_may ?? [];
  const isAllowed = (key: string) => may.includes(key) || may.includes(key.replace(/\.\d+$/, ''));
  const forbidden = wishes.filter(([key]) => !isAllowed(key)).map(([key]) => vm.wish?.spelling[key] ?? key);
  return {
    imageProperties: Object.fromEntries(wishes.filter(([key]) => isAllowed(key))),
    refused:
      forbidden.length === 0 ? null : sentence(forbidden, { may, profile: vm.policy?.profile ?? null }),
  };
}

function sentence(
  forbidden: readonly string[],
  { may, profile }: { readonly may: readonly string[]; readonly profile: string | null },
): string {
  const who = profile === null ? 'a VM without a profile' : `the profile "${profile}"`;
  const allowed = may.length === 0 ? 'nothing' : may.join(', ');
  return `PINFOLD_WISH of the VM sets ${forbidden.join(', ')}, but ${who} lets its owner set ${allowed}: take it out, or ask the operator to add it to tenant_may.`;
}
