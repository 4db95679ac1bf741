import type { ConfigChange } from '../app/proxmox/attach/attach-record.ts';
import type { Plan } from '../domain/plan.ts';
import { confirm } from './confirm.ts';
import { print, say } from './output.ts';

/** How a change of a config is shown and asked about. */
export interface ShowOptions {
  readonly vm: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
  /** Said when no key changes. */
  readonly nothing: string;
  readonly question: string;
}

/** Shows a change line by line, or as a plan document, and answers whether it is to be written. */
export async function showChange(
  plan: { readonly changes: readonly ConfigChange[]; readonly warnings: readonly string[] },
  options: ShowOptions,
): Promise<boolean> {
  const { changes, warnings } = plan;
  for (const warning of warnings) say(`Warning: ${warning}`);
  if (options.json) await print(`${JSON.stringify(planDocument(options.vm, changes), null, 2)}\n`);
  else if (changes.length > 0) await print(changes.map(asLines).join(''));
  if (changes.length === 0 && !options.json) say(options.nothing);
  if (options.dryRun) return false;
  if (options.yes || changes.length === 0) return true;
  if (await confirm(options.question)) return true;
  say('Nothing was changed.');
  return false;
}

function asLines({ key, before, after }: ConfigChange): string {
  const line = (sign: string, value: string | null) => (value === null ? '' : `${sign} ${key}: ${value}\n`);
  return line('-', before) + line('+', after);
}

/** Config lines from and to; an empty text is a line that is not there. Every one counts from the next start on. */
function planDocument(vm: string, changes: readonly ConfigChange[]): Plan {
  const line = (key: string, value: string | null) => (value === null ? '' : `${key}: ${value}`);
  return {
    kind: 'pinfold/plan',
    version: 1,
    before: {},
    after: {},
    changes: changes.map(({ key, before, after }) => ({
      vm,
      change: 'rewrite-config',
      from: line(key, before),
      to: line(key, after),
      costMiB: 0,
      live: false,
    })),
  };
}
