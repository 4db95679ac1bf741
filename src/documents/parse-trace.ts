import * as z from 'zod/mini';
import type { Capture } from '../domain/capture.ts';
import type { Host } from '../domain/host.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import type { Trace, TraceEvent } from '../domain/trace.ts';
import { name, whole } from './fields.ts';
import { LIMITS } from './limits.ts';
import { parseHost } from './parse-host.ts';
import { parseRequest } from './parse-request.ts';
import { documentError, parseWith } from './parse-with.ts';

const eventSchema = z.array(z.unknown()).check(
  z.describe('["a", guest, request] or ["d", guest]'),
  z.refine(
    event =>
      typeof event[1] === 'string' &&
      event[1].length <= LIMITS.name &&
      ((event[0] === 'a' && event.length === 3) || (event[0] === 'd' && event.length === 2)),
    { error: 'write ["a", guest, request] or ["d", guest], the guest being a text' },
  ),
);

const shortOptions = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const traceSchema = z
  .object({ host: z.unknown(), events: z.array(z.unknown()) })
  .check(z.describe('a trace: { "host": …, "events": [["a", guest, request], ["d", guest], …] }'));

/** The short form of a request, with Nova's names for its parts. */
const shortRequestSchema = z
  .strictObject({
    vcpus: whole(1, LIMITS.vcpus, 'vCPUs'),
    memory_mb: whole(1, LIMITS.memoryMiB, 'MiB'),
    extra_specs: z.exactOptional(shortOptions),
    image_props: z.exactOptional(shortOptions),
    vm: z.exactOptional(name('the name of the VM')),
  })
  .check(z.describe('a request document or { "vcpus", "memory_mb", "extra_specs", "image_props" }'));

/**
 * A trace as `replay` reads it; other keys than `host` and `events` are left to whoever wrote it. A capture is the trace of
 * its guests, one after the other, on the node without them. Throws an AppError that names the event by its number, from 0 on.
 */
export function parseTrace(value: unknown, title = 'the trace'): Trace {
  if (typeof value === 'object' && value !== null && 'topology' in value && !('events' in value))
    return traceOfCapture(parseHost(value, 'the capture'));
  const { host, events } = parseWith(traceSchema, value, title, {
    limits: { values: LIMITS.traceValues, parts: LIMITS.traceValues },
  });
  return {
    host: parseHost(host, `the host of ${title}`),
    events: events.map((event, index) => parseEvent(event, `event ${index} of ${title}`)),
  };
}

/** Claims of guests whose request is not known stay where they are. */
function traceOfCapture(capture: Host & Partial<Capture>): Trace {
  const { requests = {}, claims } = capture;
  const knows = (vm: string) => Object.hasOwn(requests, vm);
  const guests = [...new Set(claims.map(({ vm }) => vm))].filter(knows);
  if (guests.length === 0)
    throw documentError(
      'document-value-invalid',
      'The capture does not say what any of its guests asked for, so none of them can come anew: capture a node whose guests Pinfold started, or write a trace with "host" and "events".',
    );
  return {
    host: { ...capture, claims: claims.filter(({ vm }) => !knows(vm)) },
    events: guests.map(vm => ['a', vm, requests[vm]!]),
  };
}

function parseEvent(value: unknown, title: string): TraceEvent {
  const [kind, guest, request] = parseWith(eventSchema, value, title) as ['a' | 'd', string, unknown];
  return kind === 'd' ? ['d', guest] : ['a', guest, parseEitherRequest(request, guest, title)];
}

function parseEitherRequest(value: unknown, guest: string, title: string): PlacementRequest {
  if (typeof value === 'object' && value !== null && 'kind' in value) return parseRequest(value, title);
  const short = parseWith(shortRequestSchema, value, title);
  return parseRequest(
    {
      kind: 'pinfold/request',
      version: 1,
      vm: guest,
      vcpus: short.vcpus,
      memoryMiB: short.memory_mb,
      extraSpecs: texts(short.extra_specs),
      imageProperties: texts(short.image_props),
    },
    title,
  );
}

function texts(options: Readonly<Record<string, string | number | boolean>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]));
}
