import { PveError } from './pve-error.ts';

/** `registered-tags` of PUT /cluster/options, as the recorded API schema of Proxmox VE has it: `<tag>[;<tag>...]`. */
const TAGS = /^(?:[a-z0-9_][a-z0-9_\-+.]*;)*[a-z0-9_][a-z0-9_\-+.]*$/i;
const KEY = 'registered-tags';

/** The cluster's settings, `/etc/pve/datacenter.cfg`, and where an answer goes. */
export interface DatacenterConfig {
  readonly text: string;
  readonly write: (text: string) => void;
  readonly say: (line: string) => void;
}

/**
 * Stand-in for `pvesh get|set /cluster/options [--registered-tags TAGS]`; every other path and option is refused. What is
 * set replaces the list, all other lines stay. Throws a PveError for what the real one refuses by its schema.
 */
export function pveshCall(words: readonly string[], config: DatacenterConfig): void {
  const [verb = '', path = '', ...rest] = words;
  const lines = config.text.split('\n').filter(Boolean);
  if ((verb !== 'get' && verb !== 'set') || !/^\/?cluster\/options\/?$/.test(path))
    throw new PveError(`No '${verb}' handler defined for '${path}'`);
  if (verb === 'get') {
    lines.forEach(config.say);
    return;
  }
  const [option = '', value = '', ...more] = rest;
  if (option !== `--${KEY}` && option !== `-${KEY}`)
    throw new PveError(`Unknown option: ${option.replace(/^-+/, '')}\n400 unable to parse option`);
  if (more.length > 0) throw new PveError(`400 too many arguments`);
  if (!TAGS.test(value))
    throw new PveError(`400 Parameter verification failed.\n${KEY}: value does not match the regex pattern`);
  const kept = lines.filter(line => !line.startsWith(`${KEY}:`));
  config.write(`${[...kept, `${KEY}: ${value}`].join('\n')}\n`);
}
