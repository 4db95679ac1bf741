import { PveError } from './pve-error.ts';
import type { PveMachine } from './pve-machine.ts';
import type { ConfigSection } from './vm-config.ts';

/** Folder of the snippets of the storage `local`. */
export const SNIPPETS = '/var/lib/vz/snippets';

/** Which phase, with what in the environment, and whether its failure ends what is under way. */
export interface Phase {
  readonly name: 'pre-start' | 'post-start' | 'pre-stop' | 'post-stop';
  readonly environment: Readonly<Record<string, string | null>>;
  readonly stopOnError: boolean;
}

/**
 * Calls a VM's hook script (GuestHelpers.pm, check_hookscript and exec_hookscript): only the volume's type, that the
 * file is there and that it is executable are asked; a failure is fatal in pre-start and a warning elsewhere.
 */
export async function execHook(
  machine: PveMachine,
  { vmid, config }: { readonly vmid: string; readonly config: ConfigSection },
  phase: Phase,
): Promise<void> {
  const volume = config.settings.get('hookscript');
  if (volume === undefined) return;
  try {
    const script = scriptOf(machine, volume);
    const { code } = await machine.hook({ script, vmid, phase: phase.name, environment: phase.environment });
    if (code !== 0) {
      const how = code === null ? 'got signal 9' : `exit code ${code}`;
      throw new PveError(
        `hookscript error for ${vmid} on ${phase.name}: command '${script} ${vmid} ${phase.name}' failed: ${how}`,
      );
    }
  } catch (error) {
    if (!(error instanceof PveError) || phase.stopOnError) throw error;
    machine.log(error.message);
  }
}

function scriptOf(machine: PveMachine, volume: string): string {
  const name = /^local:snippets\/([^/]+)$/.exec(volume)?.[1];
  if (name === undefined) throw new PveError(`'${volume}' is not in the snippets directory`);
  const path = `${SNIPPETS}/${name}`;
  const kind = machine.kindOf(path);
  if (kind === 'missing') throw new PveError(`script '${volume}' does not exist`);
  if (kind === 'file') throw new PveError(`script '${volume}' is not executable`);
  return path;
}
