import { EXIT } from '../domain/app-error.ts';
import type { Offer } from '../domain/offer.ts';
import { confirm } from './confirm.ts';
import { print, say } from './output.ts';
import { renderPlan } from './render/render-plan.ts';

/** Prints a plan for a reader, or its document; 3 when it makes no room. */
export async function showOffer(offer: Offer, { json }: { readonly json: boolean }): Promise<number> {
  const { host, plan, newcomer, fixed, refusal } = offer;
  if (json) await print(`${JSON.stringify(plan, null, 2)}\n`);
  if (refusal !== null) {
    say(`${refusal} No changes of running guests make room for it.`);
    return EXIT.refused;
  }
  if (!json) await print(renderPlan(plan, { host, newcomer, fixed }));
  return EXIT.done;
}

/** Asks for the yes to a plan that was shown. Throws an AppError where nobody can be asked. */
export async function isAgreed(): Promise<boolean> {
  if (await confirm('Change these guests now?')) return true;
  say('Nothing was changed.');
  return false;
}
