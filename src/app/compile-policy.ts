import { readNodePolicy } from '../documents/parse-node-policy.ts';
import { readProfiles } from '../documents/parse-profiles.ts';
import type { PolicyFiles } from './load-policy.ts';

/**
 * Reads and checks the texts of policy.yaml, the node's own file over it key by key, and profiles.yaml, in this
 * order; null = the file is missing.
 * @throws AppError naming the file, the line, the key and the value
 */
export function compilePolicy(paths: readonly string[], texts: readonly (string | null)[]): PolicyFiles {
  return {
    policy: {
      ...readNodePolicy(texts[0] ?? '', paths[0]!),
      ...readNodePolicy(texts[1] ?? '', paths[1]!),
    },
    profiles: readProfiles(texts[2] ?? '', paths[2]!),
  };
}
