import * as z from 'zod/mini';
import { cellId, list, name } from './fields.ts';
import { hostSchema } from './host-schema.ts';
import { LIMITS } from './limits.ts';
import { requestSchema } from './request-schema.ts';

/** With what a running guest's place was decided. */
export const decisionRecordSchema = z
  .strictObject({
    kind: z.literal('pinfold/decision-record'),
    version: z.literal(1),
    vm: name('the name of the VM'),
    seconds: z.number().check(z.minimum(0), z.maximum(1e12), z.describe('seconds since 1970')),
    host: hostSchema,
    request: requestSchema,
    hostCells: z.exactOptional(list(list(cellId, LIMITS.cells), LIMITS.cells)),
  })
  .check(z.describe('a decision record'));
