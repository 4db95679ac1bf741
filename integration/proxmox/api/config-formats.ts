/**
 * Checks of values that have a form of their own. Each answers what the server says (recorded where stated, else the words
 * of PVE::JSONSchema), or null.
 */

const POLICIES = ['preferred', 'bind', 'interleave'];
const RANGES = /^\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*$/;

/** Recorded: `affinity: zz`. */
export function checkAffinity(value: string): string | null {
  return /^\s*\d+(?:-\d+)?(?:[,\s]+\d+(?:-\d+)?)*\s*$/.test(value)
    ? null
    : 'invalid format - unable to parse cpuset option\n';
}

/** Recorded: a policy that does not exist. */
export function checkNuma(value: string, key: string): string | null {
  const faults: string[] = [];
  const parts = new Map(
    value.split(',').map(part => {
      const equals = part.indexOf('=');
      return equals < 0 ? (['', part] as const) : ([part.slice(0, equals), part.slice(equals + 1)] as const);
    }),
  );
  if (parts.has('')) return 'invalid format - value without key, but schema does not define a default key\n';
  for (const [name, part] of parts) {
    if (name === 'policy' && !POLICIES.includes(part))
      faults.push(
        `${key}.policy: value '${part}' does not have a value in the enumeration '${POLICIES.join(', ')}'`,
      );
    else if ((name === 'cpus' || name === 'hostnodes') && !RANGES.test(part))
      faults.push(`${key}.${name}: value does not match the regex pattern`);
    else if (name === 'memory' && !/^\d+(\.\d+)?$/.test(part))
      faults.push(`${key}.memory: type check ('number') failed - got '${part}'`);
    else if (!['policy', 'cpus', 'hostnodes', 'memory'].includes(name))
      faults.push(
        `${key}.${name}: property is not defined in schema and the schema does not allow additional properties`,
      );
  }
  if (!parts.has('cpus')) faults.push(`${key}.cpus: property is missing and it is not optional`);
  return faults.length === 0 ? null : `invalid format - format error\n${faults.join('\n')}\n`;
}

export function checkMemory(value: string, key: string): string | null {
  const current = value.replace(/^current=/, '');
  if (!/^\d+$/.test(current))
    return `invalid format - format error\n${key}.current: type check ('integer') failed - got '${current}'\n`;
  return Number(current) >= 16
    ? null
    : `invalid format - format error\n${key}.current: value must have a minimum value of 16\n`;
}

export function checkTags(value: string): string | null {
  return value
    .split(/[;,\s]+/)
    .filter(tag => tag !== '')
    .every(tag => /^[a-z0-9_][a-z0-9_\-+.]*$/i.test(tag))
    ? null
    : 'invalid format - invalid characters in tag\n';
}

export function checkHookscript(value: string): string | null {
  return /^[a-z][a-z0-9\-_.]*[a-z0-9]:\S+$/i.test(value)
    ? null
    : `invalid format - unable to parse volume ID '${value}'\n`;
}
