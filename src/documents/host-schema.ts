import * as z from 'zod/mini';
import {
  cellId,
  cpuList,
  list,
  memoryMiB,
  name,
  oneOf,
  pageCount,
  pageSizeKiB,
  pciAddress,
  whole,
} from './fields.ts';
import { LIMITS } from './limits.ts';
import { hostPolicySchema } from './policy-schema.ts';
import { requestSchema } from './request-schema.ts';
import { topologySchema } from './topology-schema.ts';

const claimCell = z.strictObject({
  hostCell: cellId,
  pcpus: z._default(cpuList, ''),
  burnt: z.exactOptional(cpuList),
  sharedVcpus: z._default(whole(0, LIMITS.vcpus), 0),
  memoryMiB,
  pageSizeKiB: z._default(z.nullable(pageSizeKiB), null),
  pages: z._default(pageCount, 0),
});

const share = z.number().check(z.minimum(0), z.maximum(1), z.describe('a number from 0 to 1'));

/** What one VM holds on a node. */
export const claimSchema = z
  .strictObject({
    vm: name('the name of the VM'),
    source: oneOf(['observed', 'leased']),
    owner: z.exactOptional(name('the process that starts the VM')),
    expires: z.exactOptional(
      z.number().check(z.minimum(0), z.maximum(1e12), z.describe('seconds since 1970')),
    ),
    cells: list(claimCell, LIMITS.cells),
    emulator: z.exactOptional(
      z.nullable(
        z.strictObject({
          policy: oneOf(['float', 'share', 'isolate', 'mask']),
          cpus: cpuList,
          share: z._default(share, 0),
        }),
      ),
    ),
    devices: z.exactOptional(list(pciAddress, LIMITS.devices)),
  })
  .check(z.describe('a claim: { "vm", "source", "cells", … }'));

/** A node, its operator's policy and what is taken; of a capture also versions and what the guests asked for. */
export const hostSchema = z
  .strictObject({
    kind: z.literal('pinfold/host'),
    version: z.literal(1),
    topology: topologySchema,
    policy: z._default(hostPolicySchema, {}),
    claims: z._default(list(claimSchema, LIMITS.claims), []),
    versions: z.exactOptional(z.record(z.string().check(z.maxLength(LIMITS.name)), name('a version'))),
    requests: z.exactOptional(z.record(z.string().check(z.maxLength(LIMITS.name)), requestSchema)),
  })
  .check(z.describe('a host document'));
