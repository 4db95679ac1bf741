import { readDecisionRecord } from '../../app/decision-records.ts';
import { decisionRecordSchema } from '../../documents/decision-record-schema.ts';
import { LIMITS } from '../../documents/limits.ts';
import { parseHost } from '../../documents/parse-host.ts';
import { parseRequest } from '../../documents/parse-request.ts';
import { parseWith } from '../../documents/parse-with.ts';
import { readJson } from '../../documents/read-json.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { clip } from '../../domain/cpu-list.ts';
import type { Explanation } from '../../domain/explanation.ts';
import type { Host } from '../../domain/host.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { explain } from '../../engine/explain.ts';
import { buildHostModel } from '../../engine/host-model.ts';
import { readText } from '../input.ts';
import { documentedHost, observedHost } from '../observed-host.ts';
import { withNode, type OpenedNode } from '../open-node.ts';
import { columnsToUse, print, say } from '../output.ts';
import { renderExplanation } from '../render/render-explanation.ts';

/** What `pinfold explain` was asked for. */
export interface ExplainOptions {
  readonly vm: string;
  readonly request: string | undefined;
  /** A capture or host document in place of a node. */
  readonly replay: string | undefined;
  readonly root: string | undefined;
  /** A node of nodes.yaml. */
  readonly node: string | undefined;
  readonly json: boolean;
}

/** A guest, the node without it, and since when that is true (null: now). */
interface Question {
  readonly host: Host;
  readonly request: PlacementRequest;
  readonly seconds: number | null;
}

/** Prints why a guest is where it is and not elsewhere, or where it would go now; changes nothing. */
export async function explainCommand(options: ExplainOptions): Promise<number> {
  const { host, request, seconds } = await questionOf(options);
  const explanation = explain(buildHostModel(host), request);
  if (options.json) await print(`${JSON.stringify(explanation, null, 2)}\n`);
  else
    await print(
      `${[...since(options.vm, seconds), ...renderExplanation(explanation, columnsToUse())].join('\n')}\n`,
    );
  return exitOf(explanation);
}

function exitOf({ decision }: Explanation): number {
  if (decision.fits) return EXIT.done;
  if (!('error' in decision)) return EXIT.refused;
  say(decision.error.summary);
  return EXIT.usage;
}

function since(vm: string, seconds: number | null): string[] {
  return seconds === null
    ? []
    : [`As it was decided when ${vm} was started (${new Date(seconds * 1000).toISOString()}):`, ''];
}

/**
 * 1. A request that is given is asked of the node, or of the captured state, without the claim of a guest of that name.
 * 2. A capture knows what its guests asked for.
 * 3. A running guest's record says what was asked, and how the node was then.
 */
async function questionOf(options: ExplainOptions): Promise<Question> {
  const { vm, request, replay, root, node } = options;
  if (replay === undefined) return withNode({ root, node }, opened => questionOn(opened, options));
  const captured = await documentedHost(replay);
  const asked = request === undefined ? captured.requests?.[vm] : await requestIn(request);
  if (asked !== undefined) return { host: without(captured, vm), request: asked, seconds: null };
  throw unknown(
    `The captured state does not say what ${clip(vm)} asked for: give its request with --request FILE.`,
  );
}

async function questionOn(opened: OpenedNode, { vm, request }: ExplainOptions): Promise<Question> {
  if (request !== undefined)
    return {
      host: without(await observedHost(opened), vm),
      request: await requestIn(request),
      seconds: null,
    };
  const record = readDecisionRecord(opened.node.files, opened.stateFolder, vm);
  if (record !== null) return recordedQuestion(record);
  throw unknown(
    `Nothing is recorded of ${clip(vm)} on ${opened.node.name} (Pinfold did not start it there since the last boot): give its request with --request FILE to see where it would go now.`,
  );
}

function recordedQuestion(text: string): Question {
  const value = readJson(text, 'the decision record');
  const record = parseWith(decisionRecordSchema, value, 'the decision record');
  return { host: parseHost(record.host), request: record.request, seconds: record.seconds };
}

async function requestIn(file: string): Promise<PlacementRequest> {
  return parseRequest(readJson(await readText(file, 4 * LIMITS.textLength), 'the request'));
}

function without(host: Host, vm: string): Host {
  return { ...host, claims: host.claims.filter(claim => claim.vm !== vm) };
}

function unknown(message: string): AppError {
  return new AppError('vm-unknown', EXIT.usage, message);
}
