import * as z from 'zod/mini';
import { CELL_IMAGE_PROPERTIES, PLACEMENT_IMAGE_PROPERTIES } from '../domain/option-names.ts';
import { ON_REFUSALS } from '../domain/node-policy.ts';
import { list, oneOf } from './fields.ts';
import { LIMITS } from './limits.ts';
import { optionsSchema } from './request-schema.ts';

const profile = z
  .strictObject({
    extra_specs: z._default(optionsSchema, {}),
    tenant_may: z._default(list(oneOf([...PLACEMENT_IMAGE_PROPERTIES, ...CELL_IMAGE_PROPERTIES]), 64), []),
    on_refusal: z.exactOptional(oneOf(ON_REFUSALS)),
    requeue: z._default(z.boolean().check(z.describe('true or false')), false),
  })
  .check(z.describe('a profile: a map with extra_specs, tenant_may, on_refusal, requeue'));

/** profiles.yaml: the names are the rest of a Proxmox tag behind its prefix, so they have the letters of one. */
export const profilesSchema = z
  .record(
    z
      .string()
      .check(
        z.regex(/^[a-zA-Z0-9_][a-zA-Z0-9_+.-]{0,127}$/),
        z.describe('a name of letters, digits, _ + . and -'),
      ),
    profile,
  )
  .check(
    z.describe('a map of profiles by name'),
    z.refine(profiles => Object.keys(profiles).length <= LIMITS.profiles, {
      error: `it has more than ${LIMITS.profiles} profiles`,
    }),
  );
