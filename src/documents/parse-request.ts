import type { PlacementRequest } from '../domain/placement-request.ts';
import { parseWith } from './parse-with.ts';
import { requestSchema } from './request-schema.ts';

/** A request document. Throws an AppError that says what is wrong; its options are the engine's `readRequest`. */
export function parseRequest(value: unknown, title = 'the request'): PlacementRequest {
  return parseWith(requestSchema, value, title);
}
