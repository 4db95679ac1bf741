import * as z from 'zod/mini';
import { list, name } from './fields.ts';
import { LIMITS } from './limits.ts';
import { planSchema } from './plan-schema.ts';

/** A plan that waits for a yes (`rebalance --offer`, then `--agreed`). */
export const offerSchema = z
  .strictObject({
    kind: z.literal('pinfold/offer'),
    version: z.literal(1),
    host: name('the name of the node'),
    digest: z
      .string()
      .check(z.regex(/^[0-9a-f]{64}$/), z.describe('the SHA-256 of the changes, as 64 hexadecimal digits')),
    newcomer: z.nullable(z.strictObject({ vm: name('the name of the VM'), cells: z.string() })),
    fixed: list(z.strictObject({ vm: name('the name of the VM'), reason: z.string() }), LIMITS.claims),
    refusal: z.nullable(z.string()),
    plan: planSchema,
  })
  .check(z.describe('an offer document'));
