import * as z from 'zod/mini';
import { atLeast, cellId, list, name } from './fields.ts';
import { LIMITS } from './limits.ts';

const count = atLeast(0);
const node = name('the name of a node');

/** The nodes of a cluster ranked for one request. */
export const rankingSchema = z
  .strictObject({
    kind: z.literal('pinfold/ranking'),
    version: z.literal(1),
    vm: name('the name of the VM'),
    fits: list(
      z.strictObject({
        node,
        hostCells: list(cellId, LIMITS.cells),
        deviceDistance: count,
        cellDistance: count,
        newPoolCpu: z.boolean(),
        brokenCores: count,
        load: count,
        freeCpus: count,
      }),
      LIMITS.parts,
    ),
    refused: list(z.strictObject({ node, code: z.string(), summary: z.string() }), LIMITS.parts),
    unreachable: list(z.strictObject({ node, reason: z.string() }), LIMITS.parts),
  })
  .check(z.describe('a ranking of nodes'));
