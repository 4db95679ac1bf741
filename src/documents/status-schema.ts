import * as z from 'zod/mini';
import { atLeast, cellId, cpuList, list, name, whole } from './fields.ts';
import { LIMITS } from './limits.ts';
import { topologySchema } from './topology-schema.ts';

/** What a CPU of a map is used for; the words stand beside their rules in the command line's `cpuMarks`. */
const CPU_USES = [
  'offline',
  'contended',
  'vcpu',
  'iothread',
  'pool',
  'kept-empty',
  'shared',
  'host',
  'free',
] as const;

const guest = z.strictObject({
  vm: name('the name of the guest'),
  source: z.enum(['threads', 'claim', 'lease']),
  vcpus: list(cpuList, LIMITS.parts),
  iothreads: list(cpuList, LIMITS.parts),
  emulator: cpuList,
  memory: list(
    z.strictObject({ cell: cellId, sizeKiB: whole(1, 2 ** 30, 'KiB'), mib: atLeast(0) }),
    LIMITS.parts,
  ),
});

/** A node as it runs now: its topology, its CPUs by use, and the guests as their threads and memory lie. */
export const statusSchema = z
  .strictObject({
    kind: z.literal('pinfold/status'),
    version: z.literal(1),
    topology: topologySchema,
    cpus: z.strictObject(
      Object.fromEntries(CPU_USES.map(use => [use, z.exactOptional(cpuList)])) as Record<
        (typeof CPU_USES)[number],
        z.ZodMiniExactOptional<typeof cpuList>
      >,
    ),
    guests: list(guest, LIMITS.parts),
  })
  .check(z.describe('a status document'));
