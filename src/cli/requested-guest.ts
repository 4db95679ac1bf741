import { LIMITS } from '../documents/limits.ts';
import { parseRequest } from '../documents/parse-request.ts';
import { readJson } from '../documents/read-json.ts';
import { AppError, EXIT } from '../domain/app-error.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import { readRequest } from '../engine/request/read-request.ts';
import { readText } from './input.ts';

/** UTF-8 has at most this many bytes a character. */
const CHARACTER_BYTES = 4;

/** The guest that a request asks for, and the request's text; `-` reads standard input. Throws an AppError for what is none. */
export async function requestedGuest(
  file: string,
): Promise<{ readonly spec: GuestSpec; readonly text: string }> {
  const text = await readText(file, CHARACTER_BYTES * LIMITS.textLength);
  const read = readRequest(parseRequest(readJson(text, 'the request')));
  if (!read.ok) throw new AppError(read.error.code, EXIT.usage, read.error.summary);
  return { spec: read.spec, text };
}
