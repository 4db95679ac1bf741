import type { Profiles } from '../domain/node-policy.ts';
import { parseWith, type LineOf } from './parse-with.ts';
import { profilesSchema } from './profiles-schema.ts';
import { readYaml } from './read-yaml.ts';

/** The operator's profiles. Throws an AppError that names the key and, where `lineOf` tells it, the line. */
export function parseProfiles(value: unknown, title = 'profiles.yaml', lineOf?: LineOf): Profiles {
  return parseWith(profilesSchema, withOptionTexts(value), title, { lineOf });
}

/** The text of profiles.yaml. */
export function readProfiles(text: string, title: string): Profiles {
  const { value, lineOf } = readYaml(text, title);
  return parseProfiles(value, title, lineOf);
}

type Parts = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Parts {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapValues(parts: Parts, change: (value: unknown, key: string) => unknown): Parts {
  return Object.fromEntries(Object.entries(parts).map(([key, value]) => [key, change(value, key)]));
}

/** YAML reads `hw:numa_nodes: 2` and `hw:cpu_realtime: true` as a number and a truth; options are texts. */
function withOptionTexts(value: unknown): unknown {
  if (!isMap(value)) return value;
  return mapValues(value, profile =>
    isMap(profile)
      ? mapValues(profile, (part, key) =>
          key === 'extra_specs' && isMap(part)
            ? mapValues(part, option =>
                typeof option === 'boolean' || typeof option === 'number' ? String(option) : option,
              )
            : part,
        )
      : profile,
  );
}
