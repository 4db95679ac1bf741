import * as z from 'zod/mini';
import { CONSTRAINTS } from '../domain/refusal-codes.ts';
import { decisionSchema } from './decision-schema.ts';
import { atLeast, cellId, list, name, oneOf, whole } from './fields.ts';
import { LIMITS } from './limits.ts';

const count = atLeast(0);
const at = { guestCell: whole(0, LIMITS.cells - 1), hostCell: cellId };

const score = z.strictObject({
  distance: count,
  newPoolCpu: count,
  load: count,
  cacheDomains: count,
  memory: count,
  guests: count,
  brokenCores: count,
  cpusLeft: count,
});

const pair = z.union([
  z.strictObject({ ...at, state: oneOf(['chosen', 'possible']), score }),
  z.strictObject({
    ...at,
    state: z.literal('impossible'),
    constraint: oneOf(CONSTRAINTS),
    needed: count,
    available: count,
    words: z.string(),
  }),
]);

/** Why a guest goes where it goes and not elsewhere. */
export const explanationSchema = z
  .strictObject({
    kind: z.literal('pinfold/explanation'),
    version: z.literal(1),
    vm: name('the name of the VM'),
    decision: decisionSchema,
    pairs: list(pair, LIMITS.values),
  })
  .check(z.describe('an explanation'));
