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
import { LIMITS } from '../../documents/limits.ts';
import { parseRequest } from '../../documents/parse-request.ts';
import { readJson } from '../../documents/read-json.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { counted } from '../../domain/counted.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { Ledger } from '../../domain/ledger.ts';
import { priceOf } from '../../engine/rebalance/price.ts';
import { changesOf } from '../../engine/rebalance/step.ts';
import { readRequest } from '../../engine/request/read-request.ts';
import { confirm } from '../confirm.ts';
import { readText } from '../input.ts';
import { killAtEffect } from '../kill-at-effect.ts';
import { exclusivityPlace, ledgerAsItLies, libvirtUri, nodeTools, type NodeTools } from '../node-tools.ts';
import { openObserved } from '../observed-host.ts';
import { print, say } from '../output.ts';
import { ProgressBar } from '../progress-bar.ts';
import { gib, renderPlan } from '../render/render-plan.ts';

/** What the verb was called with. */
export interface RebalanceOptions {
  /** File of a request, `-` = standard input. */
  readonly for: string | undefined;
  readonly only: string | undefined;
  readonly mostMiB: number | undefined;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
  readonly root: string | undefined;
}

/** Proposes fewer fragments, or room for a guest, shows the price, and does it after a yes. */
export async function rebalanceCommand(options: RebalanceOptions): Promise<number> {
  const newcomer = options.for === undefined ? null : await requested(options.for);
  const asked = {
    newcomer,
    ...(options.only === undefined ? {} : { only: options.only }),
    ...(options.mostMiB === undefined ? {} : { mostMiB: options.mostMiB }),
  };
  if (options.dryRun) {
    const { tools, ledger } = await observer(options.root);
    return show(await planNode(tools, ledger, asked), options, tools.node.name);
  }
  const tools = await writer(options.root);
  const isWhole = await finishEarlier(tools);
  const made = await planNode(tools, tools.ledger.read().ledger, asked);
  if (made.refusal !== null || made.steps.length === 0) {
    const code = await show(made, options, tools.node.name);
    return code === EXIT.done && !isWhole ? EXIT.partial : code;
  }
  if (!options.json) await show(made, options, tools.node.name);
  if (!options.yes && !(await confirm('Change these guests now?'))) {
    say('Nothing was changed.');
    return EXIT.done;
  }
  const code = await apply(tools, made);
  if (options.json) await printDocument(made);
  return code === EXIT.done && !isWhole ? EXIT.partial : code;
}

/** UTF-8 has at most this many bytes a character. */
const CHARACTER_BYTES = 4;

async function requested(file: string): Promise<GuestSpec> {
  const text = await readText(file, CHARACTER_BYTES * LIMITS.textLength);
  const read = readRequest(parseRequest(readJson(text, 'the request')));
  if (!read.ok) throw new AppError(read.error.code, EXIT.usage, read.error.summary);
  return read.spec;
}

/** Prints a plan; 3 when it makes no room. */
async function show(made: NodePlan, { json }: RebalanceOptions, host: string): Promise<number> {
  if (json) await printDocument(made);
  if (made.refusal !== null) {
    say(`${made.refusal} No changes of running guests make room for it.`);
    return EXIT.refused;
  }
  const { newcomer, fixed, plan } = made;
  const fits = newcomer && { vm: newcomer.spec.vm, cells: newcomer.placement.nodeset };
  if (!json) await print(renderPlan(plan, { host, newcomer: fits, fixed }));
  return EXIT.done;
}

function printDocument({ plan }: NodePlan): Promise<void> {
  return print(`${JSON.stringify(plan, null, 2)}\n`);
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

async function apply(tools: RebalanceTools, { steps }: NodePlan): Promise<number> {
  const prices = steps.map(step => {
    const { movedMiB, seconds } = priceOf(changesOf(step));
    const moves = movedMiB === 0 ? '' : `, ${gib(movedMiB)} GiB move`;
    return { name: `${step.to.spec.vm}${moves}`, seconds };
  });
  const bar = new ProgressBar(prices);
  const start = Date.now();
  const applied = await applySteps(tools, steps, ({ step }) => {
    bar.begin(step);
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
