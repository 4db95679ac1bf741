import * as z from 'zod/mini';
import type { DEFAULT_POLICY } from '../domain/host-policy.ts';
import type { DEFAULT_NODE_POLICY } from '../domain/node-policy.ts';
import { EXCLUSIVITIES, ON_REFUSALS } from '../domain/node-policy.ts';
import { atLeast, cpuSpec, list, memoryMiB, oneOf } from './fields.ts';

/** Whether the reserved pages can be read is the engine's check, so that a host document and a file agree. */
const hostPolicyKeys = {
  cpu_dedicated_set: z.exactOptional(cpuSpec),
  cpu_shared_set: z.exactOptional(cpuSpec),
  vcpu_pin_set: z.exactOptional(cpuSpec),
  emulator_pin_set: z.exactOptional(cpuSpec),
  emulator_overcommit_ratio: z.exactOptional(atLeast(1)),
  cpu_allocation_ratio: z.exactOptional(positive()),
  ram_allocation_ratio: z.exactOptional(positive()),
  reserved_host_memory_mb: z.exactOptional(memoryMiB),
  overhead_mb_per_guest: z.exactOptional(memoryMiB),
  reserved_huge_pages: z.exactOptional(
    list(z.string().check(z.maxLength(200), z.describe('a text such as "node:0,size:2048,count:64"')), 4096),
  ),
  strategy: z.exactOptional(oneOf(['pack', 'spread'])),
} satisfies Record<keyof typeof DEFAULT_POLICY, unknown>;

function positive() {
  return z.number().check(z.positive(), z.maximum(1e9), z.describe('a number above 0'));
}

/** The policy inside a host document. */
export const hostPolicySchema = z.strictObject(hostPolicyKeys).check(z.describe('an object of policy keys'));

/** policy.yaml and nodes/NAME.yaml. */
export const nodePolicySchema = z
  .strictObject({
    ...hostPolicyKeys,
    exclusivity: z.exactOptional(oneOf(EXCLUSIVITIES)),
    trust_tags: z.exactOptional(oneOf(['registered', 'any'])),
    on_refusal: z.exactOptional(oneOf(ON_REFUSALS)),
    tag_prefix: z.exactOptional(
      z
        .string()
        .check(
          z.regex(/^[a-zA-Z0-9_][a-zA-Z0-9_+.-]{0,31}$/),
          z.describe('the beginning of a Proxmox tag, such as "pin-"'),
        ),
    ),
  } satisfies Record<keyof typeof DEFAULT_NODE_POLICY, unknown>)
  .check(z.describe('a map of policy keys'));
