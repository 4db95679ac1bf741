import * as z from 'zod/mini';
import { atLeast, cellId, cpuList, list, name } from './fields.ts';
import { LIMITS } from './limits.ts';

const count = atLeast(0);

const guest = z.strictObject({
  vm: name('the name of the guest'),
  source: z.enum(['observed', 'leased']),
  cpus: cpuList,
  memoryMiB: count,
  cost: z.strictObject({ dedicated: count, shared: count, emulator: count, total: count }),
});

const cell = z.strictObject({
  hostCell: cellId,
  dedicatedCpus: count,
  freeDedicatedCpus: count,
  sharedVcpus: count,
  memoryMiB: z.nullable(count),
  claimedMiB: count,
});

/** With a shape: how many more such guests fit; null = they ask for no placement. */
const room = z.strictObject({
  total: count,
  cells: list(z.strictObject({ hostCell: cellId, guests: count }), LIMITS.cells),
  more: z.boolean(),
});

/** What a node can give, what is taken, and what each guest costs in CPUs. */
export const usageSchema = z
  .strictObject({
    kind: z.literal('pinfold/usage'),
    version: z.literal(1),
    host: name('the name of the node'),
    capacity: z.strictObject({ dedicatedCpus: count, sharedVcpus: count, memoryMiB: count }),
    used: z.strictObject({ dedicatedCpus: count, sharedVcpus: count, memoryMiB: count, poolCpus: cpuList }),
    cells: list(cell, LIMITS.parts),
    guests: list(guest, LIMITS.parts),
    cost: count,
    room: z.exactOptional(z.nullable(room)),
  })
  .check(z.describe('a usage document'));
