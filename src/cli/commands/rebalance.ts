import { isatty } from 'node:tty';
import { guestControl } from '../../adapters/control/guest-control.ts';
import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { ledgerStore } from '../../adapters/ledger/ledger-store.ts';
import { RUN_FOLDER, stateFolder } from '../../adapters/ledger/state-folder.ts';
import { virshMetadata } from '../../adapters/libvirt/virsh-metadata.ts';
import { localNode } from '../../adapters/local/local-node.ts';
import { applySteps } from '../../app/rebalance/apply-steps.ts';
import { finishSteps } from '../../app/rebalance/finish-steps.ts';
import { planNode, type NodePlan } from '../../app/rebalance/plan-node.ts';
import type { RebalanceTools } from '../../app/rebalance/rebalance-tools.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { counted } from '../../domain/counted.ts';
import type { Ledger } from '../../domain/ledger.ts';
import type { Offer } from '../../domain/offer.ts';
import { priceOf } from '../../engine/rebalance/price.ts';
import { changesOf } from '../../engine/rebalance/step.ts';
import { killAtEffect } from '../kill-at-effect.ts';
import { exclusivityPlace, ledgerAsItLies, libvirtUri, nodeTools, type NodeTools } from '../node-tools.ts';
import { openObserved } from '../observed-host.ts';
import { offerOf } from '../offer-of.ts';
import { outlastReaders, print, say } from '../output.ts';
import { ProgressBar } from '../progress-bar.ts';
import { gib } from '../render/render-plan.ts';
import { requestedGuest } from '../requested-guest.ts';
import { isAgreed, showOffer } from '../show-offer.ts';

/** What the verb was called with. */
export interface RebalanceOptions {
  /** File of a request, `-` = standard input. */
  readonly for: string | undefined;
  readonly only: string | undefined;
  readonly mostMiB: number | undefined;
  readonly dryRun: boolean;
  /** Print the plan as an offer, for a later `agreed`. */
  readonly offer: boolean;
  /** The digest of an offer: do it when the plan is still that one. */
  readonly agreed: string | undefined;
  readonly yes: boolean;
  readonly json: boolean;
  readonly root: string | undefined;
}

/** Proposes fewer fragments, or room for a guest, shows the price, and does it after a yes. */
export async function rebalanceCommand(options: RebalanceOptions): Promise<number> {
  const newcomer = options.for === undefined ? null : (await requestedGuest(options.for)).spec;
  const asked = {
    newcomer,
    ...(options.only === undefined ? {} : { only: options.only }),
    ...(options.mostMiB === undefined ? {} : { mostMiB: options.mostMiB }),
  };
  if (options.dryRun) {
    const { tools, ledger } = await observer(options.root);
    return propose(offerOf(await planNode(tools, ledger, asked), tools.node.name), options);
  }
  const tools = await writer(options.root);
  const isWhole = await finishEarlier(tools);
  const whole = (code: number) => (code === EXIT.done && !isWhole ? EXIT.partial : code);
  const made = await planNode(tools, tools.ledger.read().ledger, asked);
  const offer = offerOf(made, tools.node.name);
  if (options.offer) return whole(await propose(offer, options));
  if (options.agreed !== undefined && options.agreed !== offer.digest)
    throw new AppError(
      'plan-changed',
      EXIT.state,
      'The plan is no longer the one that was agreed to, because guests came, went or changed since, so no guest was changed for it: look at the new plan and say yes to that.',
    );
  if (made.refusal !== null || made.steps.length === 0) return whole(await showOffer(offer, options));
  if (!options.json) await showOffer(offer, options);
  const agreed = options.yes || options.agreed !== undefined;
  if (!agreed && !(await isAgreed())) return EXIT.done;
  const code = await outlastReaders(() => apply(tools, made, { saysSteps: options.agreed !== undefined }));
  if (options.json) await print(`${JSON.stringify(made.plan, null, 2)}\n`);
  return whole(code);
}

/** Prints what would be done, for a reader or as the document that was asked for; 3 when it makes no room. */
async function propose(offer: Offer, options: RebalanceOptions): Promise<number> {
  if (!options.offer) return showOffer(offer, options);
  await print(`${JSON.stringify(offer, null, 2)}\n`);
  return offer.refusal === null ? EXIT.done : EXIT.refused;
}

/** Whether nothing of an earlier run is left. */
async function finishEarlier(tools: RebalanceTools): Promise<boolean> {
  const { done, left } = await finishSteps(tools);
  if (done.length > 0)
    say(`An earlier rebalance had been interrupted; its change of ${done.join(', ')} is finished now.`);
  for (const { vm, reason } of left)
    say(
      `An earlier rebalance had been interrupted, and its change of ${vm} could not be finished (${reason}).`,
    );
  return left.length === 0;
}

async function apply(
  tools: RebalanceTools,
  { steps }: NodePlan,
  { saysSteps }: { readonly saysSteps: boolean },
): Promise<number> {
  const prices = steps.map(step => {
    const { movedMiB, seconds } = priceOf(changesOf(step));
    const moves = movedMiB === 0 ? '' : `, ${gib(movedMiB)} GiB move`;
    return { name: `${step.to.spec.vm}${moves}`, seconds };
  });
  const bar = new ProgressBar(prices);
  const start = Date.now();
  const applied = await applySteps(tools, steps, ({ step }) => {
    bar.begin(step);
    // Who agreed from afar sees no bar.
    if (saysSteps && !isatty(2)) say(`Step ${step + 1} of ${steps.length}: ${prices[step]!.name}.`);
  }).finally(() => {
    bar.end();
  });
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  const sum = `${counted(applied.done, 'step')} of ${steps.length} done, ${gib(applied.movedMiB)} GiB moved, in ${seconds} s`;
  if (applied.failure === null) {
    say(`${sum}.`);
    return EXIT.done;
  }
  const left = new Set(steps.slice(applied.done).map(({ to }) => to.spec.vm));
  say(
    `${applied.failure} ${sum}; not changed: ${[...left].join(', ')}. Call "pinfold rebalance" again to plan anew.`,
  );
  return EXIT.partial;
}

async function observer(root: string | undefined): Promise<{
  readonly tools: NodeTools;
  readonly ledger: Ledger;
}> {
  const { node, stateFolder: folder } = openObserved(root);
  return { tools: await nodeTools(node, folder), ledger: ledgerAsItLies(node, folder) };
}

async function writer(root: string | undefined): Promise<RebalanceTools> {
  const node = root === undefined ? localNode() : killAtEffect(openTreeNode(root));
  const folder = root === undefined ? (process.env['PINFOLD_STATE_DIR'] ?? stateFolder()) : RUN_FOLDER;
  return {
    ...(await nodeTools(node, folder)),
    ledger: ledgerStore({ node, folder, root: root ?? '/' }),
    control: guestControl({ node, uri: libvirtUri(), scratch: folder }),
    setMetadata: virshMetadata(node, libvirtUri()),
    exclusivity: exclusivityPlace(node, folder, root),
    warn: say,
  };
}
