/**
 * Stand-in for Proxmox VE's `qm` on a machine with systemd and QEMU but without Proxmox: `qm start|stop|shutdown VMID`,
 * `qm cleanup VMID CLEAN GUEST`, `qm set VMID --KEY VALUE… --delete KEYS`. This process is the task's worker: the hook
 * and QEMU are its children, as seen on a real node. `qm qmeventd` is the watcher that runs `qm cleanup`.
 *
 * Each file says which fact of qemu-server 9.2.6 (and of a real node that ran it) its behaviour comes from. An error
 * ends with exit code 255, as Perl's die does.
 */
import { PveError } from './pve-error.ts';
import { qmCall, ROOM } from './qm-words.ts';
import { serveEvents } from './qmeventd.ts';
import { realMachine } from './real-machine.ts';
import { TaskLog } from './task-log.ts';

async function main(words: readonly string[]): Promise<void> {
  if (words[0] === 'qmeventd') {
    serveEvents(words[1] ?? '/usr/sbin/qm');
    return;
  }
  const call = qmCall(words);
  let line = (text: string) => void process.stdout.write(`${text}\n`);
  const machine = realMachine(text => {
    line(text);
  });
  if (call.task === null) return call.run(machine);
  const task = new TaskLog('', { node: machine.name, kind: call.task, vmid: call.vmid });
  line = text => {
    task.line(text);
  };
  // The worker's title is the task's, by which others tell what a start is part of.
  process.title = `task ${task.upid}`;
  try {
    await call.run(machine);
    task.end(null);
  } catch (error) {
    task.end(sentence(error));
    throw error;
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

main(process.argv.slice(2).filter(word => word !== ROOM)).catch((error: unknown) => {
  process.stderr.write(`${sentence(error)}\n`);
  if (!(error instanceof PveError) && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  process.exitCode = 255;
});
