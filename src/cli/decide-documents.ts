import { parseHost } from '../documents/parse-host.ts';
import { parseRequest } from '../documents/parse-request.ts';
import { AppError } from '../domain/app-error.ts';
import type { Decision } from '../domain/decision.ts';
import { decide } from '../engine/decide.ts';
import { buildHostModel } from '../engine/host-model.ts';
import { checkPolicy } from '../engine/request/check-policy.ts';

/** A decision, with what it cost when that was asked for. */
export type TimedDecision = Decision & {
  /** Microseconds on a monotonic clock: validated JSON to host model, then request to decision. */
  readonly timing?: { readonly modelUs: number; readonly decideUs: number };
};

/** What is decided, still as JSON values. */
export interface DocumentPair {
  readonly host: unknown;
  readonly request: unknown;
}

/**
 * Decides a request on a host, both as they came from outside. What is no valid document is answered with an
 * `error` of no VM; a policy that contradicts itself is one of this VM.
 */
export function decideDocuments({ host, request }: DocumentPair, timing: boolean): TimedDecision {
  let documents;
  try {
    documents = { host: parseHost(host), request: parseRequest(request) };
  } catch (error) {
    return documentFault(error);
  }
  const [fault] = checkPolicy(documents.host);
  if (fault !== undefined) {
    const { vm } = documents.request;
    return { kind: 'pinfold/decision', version: 1, vm, fits: false, error: fault };
  }
  const start = process.hrtime.bigint();
  const model = buildHostModel(documents.host);
  const built = process.hrtime.bigint();
  const decision = decide(model, documents.request);
  const end = process.hrtime.bigint();
  if (!timing) return decision;
  return { ...decision, timing: { modelUs: micros(built - start), decideUs: micros(end - built) } };
}

/** The decision about a text that is no document. */
export function documentFault(error: unknown): Decision {
  if (!(error instanceof AppError)) throw error;
  return {
    kind: 'pinfold/decision',
    version: 1,
    vm: null,
    fits: false,
    error: { code: error.code, summary: error.message },
  };
}

/** Nanoseconds to microseconds with one decimal. */
function micros(nanoseconds: bigint): number {
  return Math.round(Number(nanoseconds) / 100) / 10;
}
