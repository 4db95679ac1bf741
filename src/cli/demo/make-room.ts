import type { DemoGuest } from './demo-guests.ts';
import type { DemoNode, HookAnswer } from './demo-node.ts';
import { requestOf } from './explain-refusal.ts';
import { runVerbOn, type VerbAnswer } from './run-verb-on.ts';

/** How room was made for a guest that did not fit. */
export interface Room {
  /** `pinfold rebalance`: the plan, and what came of it. */
  readonly rebalance: VerbAnswer;
  /** The guest's start after it; null when the plan was only shown. */
  readonly start: { readonly guest: DemoGuest; readonly answer: HookAnswer } | null;
}

/** The file with a guest's request, in the folder of its node. */
export function requestFile(guest: DemoGuest): string {
  return `${guest.name}.json`;
}

/** Has the program make room for a guest and starts it; with `isPlanOnly` the plan is shown and nothing is changed. */
export function makeRoom(demo: DemoNode, guest: DemoGuest, isPlanOnly: boolean): Room {
  const request = `${JSON.stringify(requestOf(guest), null, 2)}\n`;
  demo.node.writeAtomically(`/${requestFile(guest)}`, request);
  const { code, lines } = runVerbOn(
    demo.root,
    ['rebalance', '--for', '-', isPlanOnly ? '--dry-run' : '--yes'],
    request,
  );
  return {
    rebalance: { command: `pinfold rebalance --for ${requestFile(guest)}`, code, lines },
    start: isPlanOnly ? null : { guest, answer: demo.start(guest) },
  };
}
