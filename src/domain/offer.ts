import type { Plan } from './plan.ts';

/** A plan with all that somebody has to know who says yes to it. */
export interface Offer {
  readonly kind: 'pinfold/offer';
  readonly version: 1;
  /** The node. */
  readonly host: string;
  /** Of what is changed, prices aside: `--agreed` takes it. */
  readonly digest: string;
  /** Where the guest that room was asked for goes; null without one, or without room. */
  readonly newcomer: { readonly vm: string; readonly cells: string } | null;
  /** Guests that stay, and why. */
  readonly fixed: readonly { readonly vm: string; readonly reason: string }[];
  /** Why no room can be made, in one sentence; null where it can, or where none was asked for. */
  readonly refusal: string | null;
  readonly plan: Plan;
}
