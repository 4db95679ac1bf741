import * as z from 'zod/mini';
import {
  atLeast,
  cellId,
  cpuList,
  list,
  memoryMiB,
  name,
  pageCount,
  pageSizeKiB,
  pciAddress,
  pciId,
  whole,
} from './fields.ts';
import { LIMITS } from './limits.ts';

const pagePool = z.strictObject({
  sizeKiB: pageSizeKiB,
  total: pageCount,
  free: z.exactOptional(z.nullable(pageCount)),
  reserved: z._default(pageCount, 0),
});

const cell = z.strictObject({
  id: cellId,
  package: z._default(z.nullable(whole(0, 65_535)), null),
  cpus: cpuList,
  memoryMiB: z.nullable(memoryMiB),
  pages: list(pagePool, 64),
  distances: z._default(
    z.nullable(
      z
        .record(z.string().check(z.regex(/^\d{1,5}$/)), atLeast(0))
        .check(z.describe('distances by cell id, such as { "0": 10, "1": 21 }')),
    ),
    null,
  ),
  cores: list(cpuList, LIMITS.parts),
  caches: z._default(list(cpuList, LIMITS.parts), []),
});

const device = z.strictObject({
  address: pciAddress,
  cell: z.nullable(cellId),
  vendor: pciId,
  product: pciId,
  class: z.string().check(z.regex(/^(0x)?[0-9a-fA-F]{2,6}$/), z.describe('a PCI class such as "020000"')),
});

/** One node as its kernel describes it; what the kernel does not say may be left out where null or none is meant. */
export const topologySchema = z
  .strictObject({
    kind: z.literal('pinfold/topology'),
    version: z.literal(1),
    host: name('the name of the node'),
    cpus: z.strictObject({
      present: cpuList,
      online: cpuList,
      isolated: z._default(z.nullable(cpuList), null),
      withoutCell: z._default(cpuList, ''),
    }),
    kinds: z.exactOptional(z.strictObject({ performance: cpuList, efficiency: cpuList })),
    cells: list(cell, LIMITS.cells),
    looseCores: z._default(list(cpuList, LIMITS.parts), []),
    devices: z._default(list(device, LIMITS.devices), []),
  })
  .check(z.describe('a topology document'));
