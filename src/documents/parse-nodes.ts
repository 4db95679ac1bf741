import type { NodesFile } from '../domain/node-settings.ts';
import { nodesSchema } from './nodes-schema.ts';
import { parseWith } from './parse-with.ts';
import { readYaml } from './read-yaml.ts';

/** The text of nodes.yaml. Throws an AppError that names the line, the key and the value. */
export function readNodes(text: string, title: string): NodesFile {
  const { value, lineOf } = readYaml(text, title);
  return parseWith(nodesSchema, value, title, { lineOf });
}
