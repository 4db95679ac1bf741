import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { parseWith } from '../../documents/parse-with.ts';
import { EXIT } from '../../domain/app-error.ts';
import type { Offer } from '../../domain/offer.ts';
import type { Plan } from '../../domain/plan.ts';
import type { RebalanceOptions } from '../commands/rebalance.ts';
import { print } from '../output.ts';
import { renderPlan } from '../render/render-plan.ts';
import { requestedGuest } from '../requested-guest.ts';
import { isAgreed, showOffer } from '../show-offer.ts';
import { withPinfoldOn, type AfarPinfold } from './pinfold-on.ts';
import { hasDocument, type AfarAnswer, type AfarRun } from './run-afar.ts';
import { visibleJson, visibleTexts } from './words-from-afar.ts';

/** What the verb was called with; `mostMiB` is checked, and goes to the node as it was written. */
export interface AfarRebalanceOptions extends RebalanceOptions {
  readonly node: string;
  readonly maxMove: string | undefined;
}

/**
 * Lets the Pinfold of a node rebalance that node, and shows what it says. Ends with the code that it ended with.
 *
 * 1. What prints one document is one run there.
 * 2. Else the node makes an offer, which is shown and asked about here, and the yes goes there as the offer's digest: should
 *    the plan be another one by then, nothing is changed.
 */
export async function rebalanceOnNode(options: AfarRebalanceOptions): Promise<number> {
  const request = options.for === undefined ? undefined : (await requestedGuest(options.for)).text;
  return withPinfoldOn({ ...options, verb: 'rebalance' }, pinfold => {
    const run = new AfarRebalance(pinfold, options, request);
    if (options.offer) return run.offered();
    if (options.json || options.agreed !== undefined) return run.planned();
    return run.asked();
  });
}

class AfarRebalance {
  readonly #pinfold: AfarPinfold;
  readonly #options: AfarRebalanceOptions;
  readonly #request: string | undefined;

  constructor(pinfold: AfarPinfold, options: AfarRebalanceOptions, request: string | undefined) {
    this.#pinfold = pinfold;
    this.#options = options;
    this.#request = request;
  }

  /** Prints the node's offer. */
  async offered(): Promise<number> {
    const answer = await this.#look();
    if (hasDocument(answer)) await print(`${visibleJson(this.#offer(answer))}\n`);
    return answer.code;
  }

  /** Prints the plan, which was done already but for a dry run. */
  async planned(): Promise<number> {
    const { agreed, yes, dryRun, json } = this.#options;
    const words = agreed === undefined ? [...(yes ? ['--yes'] : []), ...this.#dry] : ['--agreed', agreed];
    const answer = await this.#run(['--json', ...words], dryRun ? 'nothing' : 'guests');
    if (!hasDocument(answer)) return answer.code;
    const plan = this.#plan(answer);
    if (json) await print(`${visibleJson(plan)}\n`);
    else if (answer.code !== EXIT.refused)
      await print(renderPlan(visibleTexts(plan), { host: this.#pinfold.name, newcomer: null, fixed: [] }));
    return answer.code;
  }

  /** Shows the node's offer, asks, and has it done. */
  async asked(): Promise<number> {
    const answer = await this.#look();
    if (!hasDocument(answer)) return answer.code;
    const offer = this.#offer(answer);
    const shown = await showOffer(visibleTexts(offer), { json: false });
    if (shown !== EXIT.done || this.#options.dryRun || offer.plan.changes.length === 0) return answer.code;
    if (!this.#options.yes && !(await isAgreed())) return EXIT.done;
    const end = await this.#run(['--json', '--agreed', offer.digest], 'guests');
    if (!hasDocument(end)) return end.code;
    this.#plan(end);
    return end.code === EXIT.done ? answer.code : end.code;
  }

  #look(): Promise<AfarAnswer> {
    return this.#run(['--offer', ...this.#dry], this.#options.dryRun ? 'nothing' : 'leftovers');
  }

  get #dry(): readonly string[] {
    return this.#options.dryRun ? ['--dry-run'] : [];
  }

  #run(words: readonly string[], changes: AfarRun['changes']): Promise<AfarAnswer> {
    const { only, maxMove } = this.#options;
    const more = [
      ...(this.#request === undefined ? [] : ['--for', '-']),
      ...(only === undefined ? [] : [`--only=${only}`]),
      ...(maxMove === undefined ? [] : [`--max-move=${maxMove}`]),
    ];
    return this.#pinfold.run({
      words: [...words, ...more],
      changes,
      ...(this.#request === undefined ? {} : { stdin: this.#request }),
    });
  }

  #offer(answer: AfarAnswer): Offer {
    return this.#pinfold.understand(answer, 'an offer of a plan', value => {
      const offer = parseWith(DOCUMENT_SCHEMAS.offer, value, 'the answer');
      // CPU sets that are none show here.
      renderPlan(offer.plan, offer);
      return offer;
    });
  }

  #plan(answer: AfarAnswer): Plan {
    return this.#pinfold.understand(answer, 'a plan', value => {
      const plan = parseWith(DOCUMENT_SCHEMAS.plan, value, 'the answer');
      renderPlan(plan, { host: this.#pinfold.name, newcomer: null, fixed: [] });
      return plan;
    });
  }
}
