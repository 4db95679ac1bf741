import type { Check, CheckId } from '../../domain/diagnosis.ts';

/** What a check found, without its id. */
export type Outcome = Omit<Check, 'id'>;

/** As it should be. */
export function ok(reason: string): Outcome {
  return { state: 'ok', reason, remedy: null };
}

/** Works, but at a price. */
export function warn(reason: string, remedy: string): Outcome {
  return { state: 'warn', reason, remedy };
}

/** Something that is promised is not kept. */
export function fail(reason: string, remedy: string): Outcome {
  return { state: 'fail', reason, remedy };
}

/** Not looked at; the reason says why, the remedy how it would be. */
export function skip(reason: string, remedy: string | null = null): Outcome {
  return { state: 'skip', reason, remedy };
}

/** An outcome with its id. */
export function checked(id: CheckId, outcome: Outcome): Check {
  return { id, ...outcome };
}

/** So many names are told one by one. */
const MOST_NAMED = 8;

/** `101, 102 and 103`; of many the first ones and how many more. */
export function named(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED);
  const more = names.length - shown.length;
  const parts = more > 0 ? [...shown, `${more} more`] : shown;
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)!}`;
}

/** `VM 101`, `VMs 101 and 102`. */
export function vmsNamed(vmids: readonly string[]): string {
  return `${vmids.length === 1 ? 'VM' : 'VMs'} ${named(vmids)}`;
}
