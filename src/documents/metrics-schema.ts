import * as z from 'zod/mini';
import { DRIFT_CODES } from '../domain/drift.ts';
import { atLeast, cellId, list, memoryMiB, name, pageCount, pageSizeKiB, whole } from './fields.ts';
import { LIMITS } from './limits.ts';

const count = atLeast(0);
const part = z.number().check(z.minimum(0), z.maximum(1), z.describe('a number from 0 to 1'));

const cell = z.strictObject({
  hostCell: cellId,
  dedicatedCpus: count,
  freeDedicatedCpus: count,
  holeCpus: count,
  sharedSlots: count,
  sharedVcpus: count,
  memoryMiB: z.nullable(memoryMiB),
  claimedMiB: memoryMiB,
  freeMiB: memoryMiB,
  pages: list(z.strictObject({ sizeKiB: pageSizeKiB, total: z.int(), available: pageCount }), LIMITS.parts),
});

const guest = z.strictObject({
  vm: name('the name of the guest'),
  source: z.enum(['observed', 'leased']),
  dedicated: count,
  shared: count,
  emulator: count,
  memoryMiB,
  remoteMemory: z.nullable(part),
});

/** What a node can give, what it holds and how it fares. */
export const metricsSchema = z
  .strictObject({
    kind: z.literal('pinfold/metrics'),
    version: z.literal(1),
    host: name('the name of the node'),
    cells: list(cell, LIMITS.cells),
    poolCpus: list(z.strictObject({ cpu: whole(0, 65_535), guests: count }), LIMITS.parts),
    poolRatio: atLeast(1),
    guests: list(guest, LIMITS.claims),
    drift: z.nullable(z.record(z.enum(DRIFT_CODES), count)),
    decisions: z.strictObject({
      placed: count,
      floated: count,
      refused: count,
      refusals: z.record(z.string(), count),
      seconds: count,
    }),
  })
  .check(z.describe('a metrics document'));
