import { createReadStream, fstatSync } from 'node:fs';

import { AppError, EXIT } from '../domain/app-error.ts';
import { clip } from '../domain/cpu-list.ts';

/** A line of input; `text` is null when it was longer than the limit. */
export interface InputLine {
  readonly text: string | null;
}

/** The whole text of a file, or of standard input when `name` is `-`. Throws an AppError above `longest` bytes. */
export async function readText(name: string, longest: number): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of bytesOf(name)) {
      length += part.length;
      if (length > longest) break;
      parts.push(part);
    }
  } catch (cause) {
    throw new AppError(
      'file-not-readable',
      EXIT.usage,
      `${name === '-' ? 'Standard input' : clip(name)} could not be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}): name a file that exists and may be read, or "-" for standard input.`,
      cause,
    );
  }
  if (length <= longest) return Buffer.concat(parts).toString('utf8');
  throw new AppError(
    'document-too-large',
    EXIT.usage,
    `${name === '-' ? 'Standard input' : clip(name)} holds more than ${longest} bytes, which no such document does: check what was given.`,
  );
}

/** The lines of standard input as they come, without their ends. No more than `longest` bytes of one are kept. */
export async function* readLines(longest: number): AsyncGenerator<InputLine> {
  let parts: Buffer[] = [];
  let length = 0;
  const take = (part: Buffer) => {
    length += part.length;
    if (length <= longest) parts.push(part);
  };
  const line = (): InputLine => {
    const text = length > longest ? null : Buffer.concat(parts).toString('utf8').replace(/\r$/, '');
    parts = [];
    length = 0;
    return { text };
  };
  for await (const part of bytesOf('-')) {
    let start = 0;
    for (let end = part.indexOf(10); end >= 0; end = part.indexOf(10, start)) {
      take(part.subarray(start, end));
      yield line();
      start = end + 1;
    }
    take(part.subarray(start));
  }
  if (length > 0) yield line();
}

function bytesOf(name: string): AsyncIterable<Buffer> {
  if (name !== '-') return createReadStream(name);
  // Standard input that is closed, as under a service manager, is empty.
  try {
    fstatSync(0);
  } catch {
    return createReadStream('/dev/null');
  }
  return process.stdin;
}
