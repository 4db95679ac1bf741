import type { Profile } from '../profile.ts';
import { bookwormKvm } from './bookworm-kvm.ts';
import { bookwormSmall } from './bookworm-small.ts';
import { freshNode } from './fresh-node.ts';
import { trixieOdd } from './trixie-odd.ts';
import { trixie } from './trixie.ts';

/** Every nested host there is, the default first. */
export const PROFILES: readonly Profile[] = [trixie, bookwormSmall, bookwormKvm, trixieOdd, freshNode];

/** The profile of this name; an unknown name is an error that lists all. */
export function profileNamed(name: string): Profile {
  const found = PROFILES.find(profile => profile.name === name);
  if (found !== undefined) return found;
  throw new Error(`There is no profile "${name}"; there are: ${PROFILES.map(p => p.name).join(', ')}.`);
}
