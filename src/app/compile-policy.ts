import { load, YAMLException } from 'js-yaml';
import { AppError, EXIT } from '../domain/app-error.ts';
import { parseWith } from '../documents/parse-with.ts';
import { nodePolicySchema } from '../documents/policy-schema.ts';
import { profilesSchema } from '../documents/profiles-schema.ts';
import type { PolicyFiles } from './load-policy.ts';

/**
 * Reads and checks the texts of policy.yaml, the node's own file over it key by key, and profiles.yaml, in this
 * order; null = the file is missing.
 * @throws AppError naming the file, the key and the value
 */
export function compilePolicy(paths: readonly string[], texts: readonly (string | null)[]): PolicyFiles {
  const [policy, own, profiles] = texts.map((text, index) => readYaml(paths[index]!, text));
  return {
    policy: {
      ...parseWith(nodePolicySchema, policy, paths[0]!),
      ...parseWith(nodePolicySchema, own, paths[1]!),
    },
    profiles: parseWith(profilesSchema, profiles, paths[2]!),
  };
}

function readYaml(path: string, text: string | null): unknown {
  try {
    return load(text ?? '') ?? {};
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { mark } = error as { mark?: { line: number } };
    const where = mark === undefined ? '' : ` in line ${mark.line + 1}`;
    throw new AppError(
      'policy-not-yaml',
      EXIT.usage,
      `${path} is no valid YAML${where}: ${error.reason}.`,
      error,
    );
  }
}
