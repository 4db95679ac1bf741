import * as z from 'zod/mini';
import { DEVICE_POLICIES } from '../domain/placement-request.ts';
import { list, name, oneOf, pciAddress, pciId, whole } from './fields.ts';
import { LIMITS } from './limits.ts';

/** Options by name; their values are texts, as in Nova. */
export const optionsSchema = z
  .record(
    z.string().check(z.maxLength(LIMITS.name)),
    z.string().check(z.maxLength(LIMITS.value), z.describe(`a text of at most ${LIMITS.value} characters`)),
  )
  .check(
    z.describe(`an object of at most ${LIMITS.options} options, each a text`),
    z.refine(options => Object.keys(options).length <= LIMITS.options, {
      error: `it has more than ${LIMITS.options} options`,
    }),
  );

const deviceRequest = z
  .strictObject({
    address: z.exactOptional(pciAddress),
    vendor: z.exactOptional(pciId),
    product: z.exactOptional(pciId),
    count: z.exactOptional(whole(1, 1024)),
    policy: z.exactOptional(oneOf(DEVICE_POLICIES)),
  })
  .check(
    z.describe('a device by "address", or by "vendor" and "product"'),
    z.refine(
      device =>
        device.address === undefined
          ? device.vendor !== undefined && device.product !== undefined
          : device.vendor === undefined && device.product === undefined && (device.count ?? 1) === 1,
      { error: 'name one device by "address", or "count" of a "vendor" and "product"' },
    ),
  );

/** What one guest wants. */
export const requestSchema = z
  .strictObject({
    kind: z.literal('pinfold/request'),
    version: z.literal(1),
    vm: name('the name of the VM'),
    vcpus: whole(1, LIMITS.vcpus, 'vCPUs'),
    maxVcpus: z.exactOptional(whole(1, LIMITS.vcpus, 'vCPUs')),
    memoryMiB: whole(1, LIMITS.memoryMiB, 'MiB'),
    iothreads: z.exactOptional(whole(0, LIMITS.iothreads, 'iothreads')),
    carrier: z.exactOptional(oneOf(['libvirt', 'proxmox'])),
    extraSpecs: z.exactOptional(optionsSchema),
    imageProperties: z.exactOptional(optionsSchema),
    devices: z.exactOptional(list(deviceRequest, 1024)),
  })
  .check(z.describe('a request document'));
