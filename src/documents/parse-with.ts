import * as z from 'zod/mini';
import { AppError, EXIT } from '../domain/app-error.ts';
import { clip } from '../domain/cpu-list.ts';
import { nearest } from '../domain/nearest.ts';
import type { DocumentErrorCode } from '../domain/request-error-codes.ts';
import { checkSize, type SizeLimits } from './check-size.ts';
import { LIMITS } from './limits.ts';
import { descriptionOf, keySchemaAt, keysOf, schemaAt } from './schema-at.ts';

/** A document that cannot be used: one sentence, exit code for wrong usage. */
export function documentError(code: DocumentErrorCode, message: string): AppError {
  return new AppError(code, EXIT.usage, message);
}

/**
 * The value as the schema reads it. Throws an AppError that names the path, the key with the nearest right one
 * or the value with what is allowed. `title` is how messages call the document (`the request`).
 */
export function parseWith<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
  title: string,
  { lineOf = () => undefined, limits = LIMITS }: ParseOptions = {},
): z.output<Schema> {
  checkSize(value, title, limits);
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const { issues } = result.error;
  // Another document has other keys, and a misspelt key also makes its right name missing: tell the cause.
  const issue =
    issues.find(({ path }) => isOtherDocument(value, path)) ??
    issues.find(({ code }) => code === 'unrecognized_keys') ??
    issues[0]!;
  throw issueError(issue, { schema, value, title, lineOf });
}

/** Whether what is wrong is the given kind or version of the document itself. */
function isOtherDocument(value: unknown, path: readonly PropertyKey[]): boolean {
  const isHead = path.length === 1 && (path[0] === 'kind' || path[0] === 'version');
  return isHead && valueAt(value, path) !== undefined;
}

/** The line of a path in a text, from 1 on; undefined when it cannot be told. */
export type LineOf = (path: readonly PropertyKey[]) => number | undefined;

/** What {@link parseWith} may be told besides. */
export interface ParseOptions {
  /** Finds lines in the text that the value was read from. */
  readonly lineOf?: LineOf | undefined;
  readonly limits?: SizeLimits;
}

interface Parsed {
  readonly schema: z.ZodMiniType;
  readonly value: unknown;
  readonly title: string;
  readonly lineOf: LineOf;
}

function issueError(issue: z.core.$ZodIssue, { schema, value, title, lineOf }: Parsed): AppError {
  const where = (path: readonly PropertyKey[]) => {
    const line = lineOf(path);
    const text = line === undefined ? '' : `, line ${line},`;
    if (issue.path.length === 0) return `${capital(title)}${text}`;
    return `In ${title}${text === '' ? ',' : text} ${pathText(issue.path)}`;
  };
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const right = nearest(key, keysOf(schemaAt(schema, issue.path)));
    return documentError(
      'document-unknown-key',
      `${where([...issue.path, key])} has the unknown key "${clip(key)}"${right === undefined ? ': remove it' : `; the nearest right one is "${right}"`}.`,
    );
  }
  const place = where(issue.path);
  if (issue.code === 'custom')
    return documentError('document-value-invalid', `${place} is wrong: ${sentence(issue.message)}`);
  if (issue.code === 'invalid_key')
    return documentError(
      'document-value-invalid',
      `${place} is no good name: it must be ${descriptionOf(keySchemaAt(schema, issue.path), z.globalRegistry) ?? 'shorter'}.`,
    );
  const found = valueAt(value, issue.path);
  const what = found === undefined ? 'is missing' : `is ${shownValue(found)}`;
  const must = descriptionOf(schemaAt(schema, issue.path), z.globalRegistry) ?? expectation(issue);
  return documentError('document-value-invalid', `${place} ${what} and must be ${must}.`);
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: 'an object',
  record: 'an object',
  array: 'a list',
  string: 'a text',
  boolean: 'true or false',
  // What zod says of a key whose value may be anything, when it is missing.
  nonoptional: 'there',
};

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return issue.values.map(shownValue).join(' or ');
  if (issue.code === 'invalid_type') return TYPE_WORDS[issue.expected] ?? `of type ${issue.expected}`;
  return 'something else';
}

function sentence(message: string): string {
  return message.endsWith('.') ? message : `${message}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `topology.cells[0].cpus`, each key clipped. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) =>
      typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${clip(String(step))}`,
    )
    .join('');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (part, step) =>
      typeof part === 'object' && part !== null && Object.hasOwn(part, step)
        ? (part as Readonly<Record<PropertyKey, unknown>>)[step]
        : undefined,
    value,
  );
}

/** A value in few words: texts quoted and clipped, lists and objects by name. */
function shownValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(clip(value));
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : String(value);
}
