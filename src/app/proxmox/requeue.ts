import type { Placement } from '../../domain/decision.ts';
import type { HookCall } from './hook-call.ts';
import type { VmConfigFile } from './read-vm-config.ts';

/** A start that was asked for again less than this long ago is not ended a second time: somebody else is quicker. */
const AGAIN_SECONDS = 120;

/** Whether a start of this VM was ended and asked for again a moment ago. */
export function justRequeued(call: HookCall): boolean {
  const at = Number(call.node.files.read(requeueFile(call)) ?? 0);
  return Math.abs(Date.now() / 1000 - at) < AGAIN_SECONDS;
}

function requeueFile(call: HookCall): string {
  return `${call.folders.state}/requeued-${call.vmid}`;
}

/** What came of it: whether this start has to end, and what the task log is told. */
export interface Requeued {
  readonly ended: boolean;
  readonly lines: readonly string[];
}

/**
 * Puts other host cells into a VM's config and has its start asked for again, because this start took its config before the
 * hook was called:
 *
 * 1. Write the numaN lines; the start that calls us holds the config's lock.
 * 2. A unit of its own waits until this worker has ended and then starts the VM.
 */
export async function requeue(call: HookCall, file: VmConfigFile, placement: Placement): Promise<Requeued> {
  const { rewriteHostCells } = await import('./rewrite-cells.ts');
  const cells = placement.cells.map(({ guestCell, hostCell }) => ({ guestCell, hostCell }));
  const list = cells.map(({ hostCell }) => hostCell).join(',');
  call.node.writeAtomically(requeueFile(call), `${Math.floor(Date.now() / 1000)}\n`, 0o600);
  call.node.writeAtomically(file.path, rewriteHostCells(file.text, cells), 0o640);
  call.at('rewritten');
  const said = await startLater(call);
  if (said === null)
    return {
      ended: true,
      lines: [
        `VM ${call.vmid} does not fit on the host cells of its config any more: they were set to ${list}, this start ends here, and the VM is started again at once.`,
      ],
    };
  return {
    ended: true,
    lines: [
      `VM ${call.vmid} does not fit on the host cells of its config any more: they were set to ${list}, but its start could not be asked for again (${said}): start it yourself.`,
    ],
  };
}

/** Waits at most half a minute for the worker, which ends as soon as the hook has failed. */
const SCRIPT =
  'n=0; while kill -0 "$1" 2>/dev/null && [ $n -lt 150 ]; do n=$((n+1)); sleep 0.2; done; exec qm start "$2"';

async function startLater({ node, vmid, worker }: HookCall): Promise<string | null> {
  const { code, stderr } = await node.run(
    [
      'systemd-run',
      '--no-block',
      '--quiet',
      '--collect',
      `--description=Start VM ${vmid} again on other host cells`,
      '/bin/sh',
      '-c',
      SCRIPT,
      'pinfold',
      String(worker.pid),
      vmid,
    ],
    { timeoutMs: 10_000 },
  );
  return code === 0
    ? null
    : stderr.trim().replace(/\s+/g, ' ') || `systemd-run ended with ${code ?? 'a signal'}`;
}
