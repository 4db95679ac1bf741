import { parameterFault } from './api-fault.ts';
import { ruleOf, type KeyRule } from './config-keys.ts';

/** Parameters of a call by name, as text. */
export type Parameters = Readonly<Record<string, string>>;

/** The server's words for a parameter that its method does not have (recorded: `nosuchkey`). */
const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties';

/** Parameters of config writes that are no keys of the config. */
const BESIDE: Readonly<Record<string, KeyRule>> = {
  delete: { type: 'string' },
  revert: { type: 'string' },
  digest: { type: 'string', longest: 40 },
  force: { type: 'boolean' },
  skiplock: { type: 'boolean' },
  background_delay: { type: 'integer', minimum: 1, maximum: 30 },
};

/** Checks the parameters of a config write. Throws what the server answers, naming each wrong one. */
export function checkConfigParameters(parameters: Parameters): void {
  const errors: Record<string, string> = {};
  for (const [key, value] of Object.entries(parameters)) {
    const rule = BESIDE[key] ?? (key === 'meta' ? undefined : ruleOf(key));
    const fault = rule === undefined ? UNKNOWN : faultOf(rule, key, value);
    if (fault !== null) errors[key] = fault;
  }
  if (Object.keys(errors).length > 0) throw parameterFault(errors);
}

/** Only these parameters may be given. */
export function checkNames(parameters: Parameters, allowed: readonly string[]): void {
  const strangers = Object.keys(parameters).filter(key => !allowed.includes(key));
  if (strangers.length > 0) throw parameterFault(Object.fromEntries(strangers.map(key => [key, UNKNOWN])));
}

/** The number of a VM in a path (recorded: `abc`). */
export function checkVmid(text: string): number {
  const fault = faultOf({ type: 'integer', minimum: 100, maximum: 999_999_999 }, 'vmid', text);
  if (fault !== null) throw parameterFault({ vmid: fault });
  return Number(text);
}

function faultOf(rule: KeyRule, key: string, value: string): string | null {
  if (rule.type === 'boolean' && !/^(0|1|on|off|yes|no|true|false)$/i.test(value))
    return `type check ('boolean') failed - got '${value}'`;
  if (rule.type === 'integer' && !/^[+-]?\d+$/.test(value))
    return `type check ('integer') failed - got '${value}'`;
  if (rule.type === 'number' && !/^[+-]?\d+(\.\d+)?$/.test(value))
    return `type check ('number') failed - got '${value}'`;
  if (rule.minimum !== undefined && Number(value) < rule.minimum)
    return `value must have a minimum value of ${rule.minimum}`;
  if (rule.maximum !== undefined && Number(value) > rule.maximum)
    return `value must have a maximum value of ${rule.maximum}`;
  if (rule.longest !== undefined && value.length > rule.longest)
    return `value may only be ${rule.longest} characters long`;
  if (rule.words !== undefined && !rule.words.includes(value))
    return `value '${value}' does not have a value in the enumeration '${rule.words.join(', ')}'`;
  return rule.format?.(value, key) ?? null;
}
