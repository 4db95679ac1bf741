import type { NodePolicy } from '../domain/node-policy.ts';
import { parseWith, type LineOf } from './parse-with.ts';
import { nodePolicySchema } from './policy-schema.ts';
import { readYaml } from './read-yaml.ts';

const SETS = ['cpu_dedicated_set', 'cpu_shared_set', 'vcpu_pin_set', 'emulator_pin_set'];

/** A node's policy. Throws an AppError that names the key and, where `lineOf` tells it, the line. */
export function parseNodePolicy(value: unknown, title = 'policy.yaml', lineOf?: LineOf): NodePolicy {
  return parseWith(nodePolicySchema, withCpuTexts(value), title, { lineOf });
}

/** The text of policy.yaml or nodes/NAME.yaml. */
export function readNodePolicy(text: string, title: string): NodePolicy {
  const { value, lineOf } = readYaml(text, title);
  return parseNodePolicy(value, title, lineOf);
}

/** YAML reads a set of one CPU, `cpu_shared_set: 0`, as a number; it means that CPU. */
function withCpuTexts(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, set]: [string, unknown]) => [
      key,
      SETS.includes(key) && Number.isSafeInteger(set) ? String(set) : set,
    ]),
  );
}
