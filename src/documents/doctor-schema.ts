import * as z from 'zod/mini';
import { CHECK_IDS, CHECK_STATES } from '../domain/diagnosis.ts';
import { list, name, oneOf } from './fields.ts';
import { LIMITS } from './limits.ts';

const check = z.strictObject({
  id: oneOf(CHECK_IDS),
  state: oneOf(CHECK_STATES),
  reason: z.string(),
  remedy: z.nullable(z.string()),
});

/** What the installation and the node are like, check by check. */
export const doctorSchema = z
  .strictObject({
    kind: z.literal('pinfold/doctor'),
    version: z.literal(1),
    host: name('the name of the node'),
    stateFolder: z.string(),
    policyFolder: z.string(),
    checks: list(check, LIMITS.parts),
  })
  .check(z.describe('a doctor document'));
