import { isDeepStrictEqual } from 'node:util';
import { EXIT } from '../../domain/app-error.ts';
import type { Explanation } from '../../domain/explanation.ts';
import { decide } from '../../engine/decide.ts';
import { explain } from '../../engine/explain.ts';
import { buildHostModel } from '../../engine/host-model.ts';
import { explainQuestion, type ExplainQuestion, type ExplainSource } from '../explain-question.ts';
import { columnsToUse, print, say } from '../output.ts';
import { renderExplanation } from '../render/render-explanation.ts';
import { wrapText } from '../render/wrap-text.ts';

/** What `pinfold explain` was asked for. */
export interface ExplainOptions extends ExplainSource {
  readonly json: boolean;
}

/** Prints why a guest is where it is and not elsewhere, or where it would go now; changes nothing. */
export async function explainCommand(options: ExplainOptions): Promise<number> {
  const question = await explainQuestion(options);
  const explanation = explain(buildHostModel(question.host), question.request, question.hostCells);
  if (options.json) await print(`${JSON.stringify(explanation, null, 2)}\n`);
  else
    await print(
      `${[...since(options.vm, question), ...renderExplanation(explanation, columnsToUse()), ...addedSince(question, explanation)].join('\n')}\n`,
    );
  return exitOf(explanation);
}

function exitOf({ decision }: Explanation): number {
  if (decision.fits) return EXIT.done;
  if (!('error' in decision)) return EXIT.refused;
  say(decision.error.summary);
  return EXIT.usage;
}

function since(vm: string, { seconds }: ExplainQuestion): string[] {
  return seconds === undefined
    ? []
    : [`As it was decided when ${vm} was started (${new Date(seconds * 1000).toISOString()}):`, ''];
}

/** Of a guest that was let start floating, why; of one that was moved, where it is. */
function addedSince(question: ExplainQuestion, { vm, decision }: Explanation): string[] {
  const { host, placement, wished } = question;
  const sentences: string[] = [];
  if (wished !== undefined) {
    const refused = decide(buildHostModel(host), wished);
    const why = 'refusal' in refused ? ` ${refused.refusal.summary}` : '';
    sentences.push(`${vm} was let start without the CPUs that it asks for, as its policy says.${why}`);
  }
  const decided = decision.fits ? decision.placement : null;
  if (placement !== undefined && decided !== null && !isDeepStrictEqual(placement.pins, decided.pins)) {
    const pins = Object.entries(placement.pins).map(([vcpu, cpus]) => `${vcpu}:${cpus}`);
    sentences.push(`Since then ${vm} has been moved: its vCPUs are on CPUs ${pins.join(' ')} now.`);
  }
  return sentences.flatMap(sentence => ['', ...wrapText(sentence, columnsToUse())]);
}
