import * as z from 'zod/mini';
import { CHANGE_KINDS } from '../domain/plan.ts';
import { REFUSAL_CODES } from '../domain/refusal-codes.ts';
import { ERROR_CODES } from './decision-schema.ts';
import { memoryMiB, oneOf, whole } from './fields.ts';
import { claimSchema } from './host-schema.ts';
import { LIMITS } from './limits.ts';

const count = whole(0, Number.MAX_SAFE_INTEGER);
const event = whole(0, LIMITS.traceValues);

/** What a trace did. */
export const replaySchema = z
  .strictObject({
    kind: z.literal('pinfold/replay'),
    version: z.literal(1),
    accepted: z.array(z.string()),
    refused: z.record(z.string(), oneOf(REFUSAL_CODES)),
    errors: z.record(z.string(), oneOf(ERROR_CODES)),
    offeredVcpus: count,
    acceptedVcpus: count,
    /** [event number, dedicated CPUs in use after it]. */
    fill: z.array(z.tuple([event, count])),
    moves: z.exactOptional(
      z.array(z.strictObject({ event, vm: z.string(), change: oneOf(CHANGE_KINDS), costMiB: memoryMiB })),
    ),
    claims: z.array(claimSchema),
  })
  .check(z.describe('a replay document'));
