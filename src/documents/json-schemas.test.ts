import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONSTRAINTS, REFUSAL_CODES } from '../domain/refusal-codes.ts';
import { REQUEST_ERROR_CODES } from '../domain/request-error-codes.ts';
import { jsonSchemas } from './json-schemas.ts';

const FOLDER = join(__dirname, '..', '..', 'templates', 'schema');

describe('templates/schema', () => {
  test('holds the schemas of today (else: npm run schemas)', () => {
    const written = readdirSync(FOLDER).map(name => [name, readFileSync(join(FOLDER, name), 'utf8')]);
    expect(Object.fromEntries(written)).toEqual(jsonSchemas());
  });

  test('closes the list of every code', () => {
    const decision = JSON.stringify(JSON.parse(jsonSchemas()['decision.schema.json']!));
    for (const codes of [REFUSAL_CODES, CONSTRAINTS]) expect(decision).toContain(JSON.stringify(codes));
    expect(decision).toContain(JSON.stringify(REQUEST_ERROR_CODES).slice(0, -1));
  });

  test.each(Object.keys(jsonSchemas()))('%s refuses unknown keys at every level', name => {
    const objects = objectsIn(JSON.parse(jsonSchemas()[name]!));
    expect(objects.length).toBeGreaterThan(0);
    expect(objects.filter(object => object['additionalProperties'] !== false)).toEqual([]);
  });
});

/** Every part of a schema that lists the keys of an object. */
function objectsIn(schema: unknown): Record<string, unknown>[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const parts = Object.values(schema).flatMap(objectsIn);
  const own = 'properties' in schema && 'type' in schema && schema.type === 'object';
  return own ? [schema, ...parts] : parts;
}
