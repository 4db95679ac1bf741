import * as z from 'zod/mini';
import { CONSTRAINTS, REFUSAL_CODES } from '../domain/refusal-codes.ts';
import {
  DOCUMENT_ERROR_CODES,
  GUEST_ERROR_CODES,
  POLICY_ERROR_CODES,
  REQUEST_ERROR_CODES,
} from '../domain/request-error-codes.ts';
import { atLeast, cellId, cpuList, list, memoryMiB, name, oneOf, pageSizeKiB, whole } from './fields.ts';
import { LIMITS } from './limits.ts';

const guestCell = whole(0, LIMITS.cells - 1);
const head = { kind: z.literal('pinfold/decision'), version: z.literal(1), vm: z.nullable(z.string()) };
const timing = z.exactOptional(
  z
    .strictObject({ modelUs: atLeast(0), decideUs: atLeast(0) })
    .check(z.describe('microseconds, with --timing')),
);
/** What a number may be where nothing is asked of the host, such as needed CPUs: never negative. */
const amount = atLeast(0);

const placement = z.strictObject({
  cells: list(
    z.strictObject({
      guestCell,
      hostCell: cellId,
      vcpus: cpuList,
      memoryMiB,
      pageSizeKiB: z.nullable(pageSizeKiB),
    }),
    LIMITS.cells,
  ),
  pins: z.record(z.string().check(z.regex(/^\d+$/)), cpuList),
  emulator: z.strictObject({
    policy: oneOf(['float', 'share', 'isolate', 'mask']),
    cpus: cpuList,
    atStart: cpuList,
    share: z.number().check(z.minimum(0), z.maximum(1)),
  }),
  iothreads: z.record(z.string().check(z.regex(/^\d+$/)), cpuList),
  realtime: z.nullable(
    z.strictObject({ vcpus: cpuList, scheduler: z.literal('fifo'), priority: whole(1, 99) }),
  ),
  topology: z.strictObject({
    sockets: whole(1, LIMITS.vcpus),
    cores: whole(1, LIMITS.vcpus),
    threads: whole(1, LIMITS.vcpus),
  }),
  memoryMode: oneOf(['strict', 'restrictive', 'none']),
  nodeset: z.string(),
  devices: list(z.string(), LIMITS.devices),
  cost: z.strictObject({ dedicated: amount, shared: amount, emulator: amount, total: amount }),
});

const refusal = z.strictObject({
  code: oneOf(REFUSAL_CODES),
  summary: z.string(),
  cells: list(
    z.strictObject({
      guestCell,
      hostCell: cellId,
      constraint: oneOf(CONSTRAINTS),
      needed: amount,
      available: amount,
    }),
    LIMITS.values,
  ),
  hint: z.exactOptional(z.string()),
});

/** Every `code` that an `error` can have. */
export const ERROR_CODES = [
  ...REQUEST_ERROR_CODES,
  ...POLICY_ERROR_CODES,
  ...GUEST_ERROR_CODES,
  ...DOCUMENT_ERROR_CODES,
] as const;

/** The answer to a request: exactly one of placement, refusal, error. */
export const decisionSchema = z.union([
  z.strictObject({
    ...head,
    vm: name('the name of the VM'),
    fits: z.literal(true),
    placement: z.nullable(placement),
    why: z.array(z.string()),
    timing,
  }),
  z.strictObject({ ...head, vm: name('the name of the VM'), fits: z.literal(false), refusal, timing }),
  z.strictObject({
    ...head,
    fits: z.literal(false),
    error: z.strictObject({
      code: oneOf(ERROR_CODES),
      option: z.exactOptional(z.string()),
      summary: z.string(),
    }),
    timing,
  }),
]);
