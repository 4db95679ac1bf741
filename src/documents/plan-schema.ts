import * as z from 'zod/mini';
import { CHANGE_KINDS, SCORE_PARTS } from '../domain/plan.ts';
import { list, memoryMiB, name, oneOf } from './fields.ts';
import { LIMITS } from './limits.ts';

const score = z
  .partialRecord(z.enum(SCORE_PARTS), z.number())
  .check(z.describe(`an object with any of ${SCORE_PARTS.join(', ')}`));

/** Ordered changes, for rebalance, reconcile and dry runs. */
export const planSchema = z
  .strictObject({
    kind: z.literal('pinfold/plan'),
    version: z.literal(1),
    before: score,
    after: score,
    changes: list(
      z.strictObject({
        vm: name('the name of the VM'),
        change: oneOf(CHANGE_KINDS),
        from: z.string(),
        to: z.string(),
        costMiB: memoryMiB,
        live: z.boolean().check(z.describe('true or false')),
      }),
      LIMITS.claims,
    ),
  })
  .check(z.describe('a plan document'));
