import { clip } from '../../domain/cpu-list.ts';
import { nearest } from '../../domain/nearest.ts';
import {
  CELL_EXTRA_SPECS,
  CELL_IMAGE_PROPERTIES,
  CELL_OPTIONS_READ,
  OTHER_EXTRA_SPECS,
  OTHER_IMAGE_PROPERTIES,
  PINFOLD_OPTIONS,
  PLACEMENT_EXTRA_SPECS,
  PLACEMENT_IMAGE_PROPERTIES,
} from '../../domain/option-names.ts';
import { RequestFault } from './request-fault.ts';

type Source = 'extra' | 'image';
type Use = 'placement' | 'other';

const USES: Readonly<Record<Source, ReadonlyMap<string, Use>>> = {
  extra: uses([...PLACEMENT_EXTRA_SPECS, ...PINFOLD_OPTIONS], OTHER_EXTRA_SPECS),
  image: uses(PLACEMENT_IMAGE_PROPERTIES, OTHER_IMAGE_PROPERTIES),
};
/** What a misspelt name is compared with, placement options first. */
const NAMES: Readonly<Record<Source, readonly string[]>> = {
  extra: [...USES.extra.keys(), ...CELL_EXTRA_SPECS.map(name => `${name}.0`)],
  image: [...USES.image.keys(), ...CELL_IMAGE_PROPERTIES.map(name => `${name}.0`)],
};
const CELL_NAMES: Readonly<Record<Source, readonly string[]>> = {
  extra: CELL_EXTRA_SPECS,
  image: CELL_IMAGE_PROPERTIES,
};
const SOURCE_NAMES: Readonly<Record<Source, string>> = { extra: 'extra spec', image: 'image property' };

function uses(placement: readonly string[], other: readonly string[]): ReadonlyMap<string, Use> {
  return new Map([
    ...placement.map(name => [name, 'placement'] as const),
    ...other.map(name => [name, 'other'] as const),
  ]);
}

/**
 * Looks at each given key once. A name in our namespaces (`hw:`, `hw_`, `pinfold:`) that is none of the known
 * ones ends the reading with the nearest right one; known options outside placement and other namespaces go
 * into `notes`. Returns whether a `pinfold:` option or a numbered cell option was seen.
 */
export function checkOptionNames(
  options: Readonly<Record<string, string>>,
  source: Source,
  notes: string[],
): { readonly pinfold: boolean; readonly cells: boolean } {
  let pinfold = false;
  let cells = false;
  for (const key of Object.keys(options)) {
    const use = USES[source].get(key);
    if (use === 'placement') pinfold ||= key.charCodeAt(0) === LETTER_P;
    else if (use === 'other') notes.push(`${key} does not concern placement and was ignored.`);
    else if (!isOurs(key)) {
      if (!isRead(key)) notes.push(`${clip(key)} is no option of Pinfold and was ignored.`);
    } else if (isCellOption(key, source)) cells = true;
    else throw unknownOption(key, source);
  }
  return { pinfold, cells };
}

const LETTER_P = 112;

/** Whether the key claims to be an option of ours, in any spelling of the namespace. */
function isOurs(key: string): boolean {
  const first = key.charCodeAt(0) | 32;
  return (first === 104 || first === LETTER_P) && /^(hw|pinfold)[:_.-]/i.test(key);
}

/** Options of other namespaces that are read all the same: see `explicit-resources.ts`, `hyperthreading-trait.ts`. */
function isRead(key: string): boolean {
  return /^(resources\d*:[PV]CPU|trait\d*:HW_CPU_HYPERTHREADING)$/.test(key);
}

function isCellOption(key: string, source: Source): boolean {
  const dot = key.lastIndexOf('.');
  if (dot < 0 || !CELL_NAMES[source].includes(key.slice(0, dot))) return false;
  const number = Number(key.slice(dot + 1));
  return (
    String(number) === key.slice(dot + 1) &&
    Number.isInteger(number) &&
    number >= 0 &&
    number < CELL_OPTIONS_READ
  );
}

function isKnown(key: string, source: Source): boolean {
  return USES[source].has(key) || isCellOption(key, source);
}

/** 1. The same option spelt for the other source; 2. an option that only one source has; 3. a misspelt name. */
function unknownOption(key: string, source: Source): RequestFault {
  const spec = key.replace(/^hw_/, 'hw:');
  const property = key.replace(/^hw:/, 'hw_');
  const [here, there] = source === 'extra' ? [spec, property] : [property, spec];
  const other = source === 'extra' ? 'image' : 'extra';
  if (isKnown(here, source))
    return new RequestFault(
      'option-in-wrong-source',
      key,
      `${key} is an ${SOURCE_NAMES[other]}; as an ${SOURCE_NAMES[source]} it is written ${here}.`,
    );
  if (isKnown(there, other))
    return source === 'image'
      ? new RequestFault(
          'option-not-for-images',
          key,
          `${key} cannot be an image property, because only the operator may set ${there}: put it into the extra specs of a profile.`,
        )
      : new RequestFault(
          'option-in-wrong-source',
          key,
          `${key} cannot be an extra spec: ${there} is an image property only.`,
        );
  return new RequestFault(
    'unknown-option',
    clip(key),
    `${clip(key)} is no known ${SOURCE_NAMES[source]}; the nearest right name is ${nearest(key, NAMES[source])!}.`,
  );
}
