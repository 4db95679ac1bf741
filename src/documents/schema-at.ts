import type * as z from 'zod/mini';

/** The part of a zod definition that is needed to find one's way in it. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly element?: Schema;
  readonly keyType?: Schema;
  readonly valueType?: Schema;
  readonly innerType?: Schema;
  readonly options?: readonly Schema[];
}
type Schema = z.ZodMiniType;

function definitionOf(schema: Schema): Definition {
  const definition = (schema as unknown as { _zod: { def: Definition } })._zod.def;
  return definition.innerType === undefined ? definition : definitionOf(definition.innerType);
}

/** The schema at this path of a document; undefined where the path leaves what the schema knows. */
export function schemaAt(schema: Schema, path: readonly PropertyKey[]): Schema | undefined {
  let current: Schema | undefined = schema;
  for (const step of path) {
    if (current === undefined) return undefined;
    const definition: Definition = definitionOf(current);
    current =
      definition.shape !== undefined && Object.hasOwn(definition.shape, step)
        ? definition.shape[String(step)]
        : (definition.element ?? definition.valueType);
  }
  return current;
}

/** The schema of the key that ends this path, where the path ends in a record; else undefined. */
export function keySchemaAt(schema: Schema, path: readonly PropertyKey[]): Schema | undefined {
  const record = schemaAt(schema, path.slice(0, -1));
  return record === undefined ? undefined : definitionOf(record).keyType;
}

/** The keys that an object schema knows; empty for anything else. */
export function keysOf(schema: Schema | undefined): readonly string[] {
  return schema === undefined ? [] : Object.keys(definitionOf(schema).shape ?? {});
}

/** What a value of this schema must be, to finish a sentence; undefined when the schema does not say. */
export function descriptionOf(
  schema: Schema | undefined,
  registry: typeof z.globalRegistry,
): string | undefined {
  let current = schema;
  while (current !== undefined) {
    const description = registry.get(current)?.description;
    if (description !== undefined) return description;
    current = (current as unknown as { _zod: { def: Definition } })._zod.def.innerType;
  }
  return undefined;
}
