import * as z from 'zod/mini';
import { DRIFT_CAUSES, DRIFT_CODES, REPAIR_OUTCOMES } from '../domain/drift.ts';
import { list, name, oneOf } from './fields.ts';
import { LIMITS } from './limits.ts';
import { planSchema } from './plan-schema.ts';

const drift = z.strictObject({
  code: oneOf(DRIFT_CODES),
  cause: oneOf(DRIFT_CAUSES),
  vm: name('the name of the VM'),
  subject: z.string(),
  wanted: z.string(),
  actual: z.string(),
  sentence: z.string(),
  repair: oneOf(REPAIR_OUTCOMES),
});

/** What differs on a node from what was decided, why, and what became of it. */
export const reconcileSchema = z
  .strictObject({
    kind: z.literal('pinfold/reconcile'),
    version: z.literal(1),
    host: name('the name of the node'),
    dryRun: z.boolean().check(z.describe('true or false')),
    drift: list(drift, LIMITS.claims),
    changes: planSchema.shape.changes,
  })
  .check(z.describe('a reconcile document'));
