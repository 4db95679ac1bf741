import * as z from 'zod/mini';
import { DOCUMENT_SCHEMAS } from './document-schemas.ts';

/**
 * The text of each file in templates/schema, by file name: JSON Schema (draft 2020-12) of what a document may
 * be when it comes in. What only code can check (CPU sets, sums) is in the descriptions.
 */
export function jsonSchemas(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(DOCUMENT_SCHEMAS).map(([name, schema]) => {
      const body = z.toJSONSchema(schema, { io: 'input' });
      const titled = { $schema: body.$schema, title: `Pinfold: ${name}`, ...body };
      return [`${name}.schema.json`, `${JSON.stringify(titled, null, 2)}\n`];
    }),
  );
}
