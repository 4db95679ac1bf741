import { createDomain } from './create-domain.ts';
import { destroyDomain } from './destroy-domain.ts';
import { findDomain } from './domain-store.ts';
import { ProgramError } from './program-error.ts';
import type { TreeFiles } from './tree-files.ts';
import { answerVirsh } from './virsh.ts';
import { VirshError } from './virsh-error.ts';

/** One call of a stock script: its arguments behind the path, and its standard input. */
interface ScriptCall {
  readonly words: readonly string[];
  readonly stdin: string;
}

/** What each of OpenNebula's stock KVM scripts does to a node, read from its `vmm_mad/remotes/kvm` (6.2 to 7.4). */
const SCRIPTS: Readonly<Record<string, (files: TreeFiles, call: ScriptCall) => string>> = {
  /** `deploy DFILE HOST VMID HOST`, XML on standard input; the first word of the output is the deploy id. */
  deploy: (files, { words, stdin }) => {
    const file = words[0] ?? '';
    files.write({ path: file, text: stdin });
    return `${createDomain(files, stdin).uuid}\n`;
  },
  /** `cancel|shutdown DEPLOY_ID HOST VMID HOST`. */
  cancel: stop,
  shutdown: stop,
  /** `save DEPLOY_ID FILE HOST VMID HOST`. */
  save: (files, { words }) => {
    answerVirsh(files, ['save', words[0] ?? '', words[1] ?? '']);
    return '';
  },
  /** `restore FILE HOST DEPLOY_ID VMID HOST`, the driver's message on standard input. */
  restore: (files, { words }) => {
    answerVirsh(files, ['restore', words[0] ?? '']);
    return `${words[2] ?? ''}\n`;
  },
};

/** The name of the stock script at this path (`…/vmm/kvm/deploy`), or null when it is none that is known here. */
export function stockScript(path: string): string | null {
  const name = /(?:^|\/)kvm\/([a-z_]+)$/.exec(path)?.[1];
  return name !== undefined && Object.hasOwn(SCRIPTS, name) ? name : null;
}

/** Runs a stock script on the tree, under its lock. Fails with virsh's words, as the scripts pass them on. */
export function answerScript(files: TreeFiles, name: string, call: ScriptCall): string {
  try {
    return SCRIPTS[name]!(files, call);
  } catch (error) {
    if (!(error instanceof VirshError)) throw error;
    const what =
      name === 'deploy' ? `Failed to create domain from ${call.words[0] ?? ''}` : `Failed to ${name}`;
    throw new ProgramError(`error: ${what}\nerror: ${error.message}`);
  }
}

function stop(files: TreeFiles, { words }: ScriptCall): string {
  destroyDomain(files, findDomain(files, words[0] ?? ''));
  return '';
}
