import { PveError } from './pve-error.ts';
import type { PveMachine } from './pve-machine.ts';
import { setVm } from './set-vm.ts';
import { startVm } from './start-vm.ts';
import { cleanUpVm, stopVm } from './stop-vm.ts';

/** A call of `qm`, understood. */
export interface QmCall {
  /** The kind that the task's log is filed under; null for a call that is no task. */
  readonly task: string | null;
  readonly vmid: string;
  readonly run: (machine: PveMachine) => Promise<void>;
}

/**
 * The last word of the command line of `qm`, dropped: a process of Node can change its title only within the room of its
 * command line.
 */
export const ROOM = `--room=${'_'.repeat(120)}`;

/** Understands `start|stop|shutdown|cleanup|set VMID …`; what is unknown is refused in PVE's way. */
export function qmCall([verb = '', vmid = '', ...rest]: readonly string[]): QmCall {
  if (!/^[1-9]\d{2,8}$/.test(vmid))
    throw new PveError(
      `400 Parameter verification failed.\nvmid: type check ('integer') failed - got '${vmid}'`,
    );
  const { options, plain } = optionsOf(rest);
  const task = (kind: string | null, run: (machine: PveMachine) => Promise<void>) => ({
    task: kind,
    vmid,
    run,
  });
  switch (verb) {
    case 'start':
      return task('qmstart', machine =>
        startVm(machine, vmid, { migratedFrom: options.get('migratedfrom') ?? null }),
      );
    case 'stop':
      return task('qmstop', machine =>
        stopVm(machine, vmid, { shutdown: false, forceStop: true, timeoutSeconds: seconds(options) }),
      );
    case 'shutdown':
      return task('qmshutdown', machine =>
        stopVm(machine, vmid, {
          shutdown: true,
          forceStop: options.get('forceStop') === '1',
          timeoutSeconds: seconds(options),
        }),
      );
    case 'cleanup':
      return task(null, machine =>
        cleanUpVm(machine, vmid, { clean: plain[0] === '1', guest: plain[1] === '1' }),
      );
    case 'set': {
      const deleted = (options.get('delete') ?? '').split(/[,;]/).filter(Boolean);
      options.delete('delete');
      return task(null, machine => setVm(machine, vmid, { values: options, deleted }));
    }
    default:
      throw new PveError(`ERROR: unknown command 'qm ${verb}'`);
  }
}

function seconds(options: ReadonlyMap<string, string>): number | null {
  const text = options.get('timeout');
  return text === undefined ? null : Number(text);
}

/** `--key value`, `-key value` and `--key=value`; what stands alone is plain. */
function optionsOf(words: readonly string[]): { options: Map<string, string>; plain: string[] } {
  const options = new Map<string, string>();
  const plain: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const match = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(words[at]!);
    if (match === null) plain.push(words[at]!);
    else if (match[2] !== undefined) options.set(match[1]!, match[2]);
    else options.set(match[1]!, words[(at += 1)] ?? '1');
  }
  return { options, plain };
}
