import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

const SOCKET = '/var/run/qmeventd.sock';

/** What one QEMU said on its event monitor. */
interface Client {
  vmid: string | null;
  clean: boolean;
  guest: boolean;
}

/**
 * Stand-in for qmeventd (qemu-server, src/qmeventd/qmeventd.c): QEMU connects to its socket; a SHUTDOWN event says
 * whether the guest asked for it, and a QEMU that shut down is then ended, because `-no-shutdown` keeps it. What it says once it was told
 * to end does not count (handle_qmp_event): it may send a second SHUTDOWN, seen with `guest: false`. When the connection
 * breaks, `qm cleanup VMID CLEAN GUEST` runs; a QEMU that was killed said nothing, which is no clean end.
 * The real one learns the VM from the peer's process; this one asks QEMU for the name of its other monitor's socket.
 */
export function serveEvents(qm: string): void {
  rmSync(SOCKET, { force: true });
  createServer(socket => {
    serve(socket, qm);
  }).listen(SOCKET);
}

function serve(socket: Socket, qm: string): void {
  const client: Client = { vmid: null, clean: false, guest: false };
  const ask = (execute: string) => socket.write(`${JSON.stringify({ execute, id: execute })}\n`);
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    const lines = (text + piece).split('\n');
    text = lines.pop()!;
    for (const line of lines.filter(Boolean)) {
      const message = JSON.parse(line) as Readonly<Record<string, unknown>>;
      if ('QMP' in message) ask('qmp_capabilities');
      else if (message['id'] === 'qmp_capabilities') ask('query-chardev');
      else if (message['id'] === 'query-chardev') client.vmid = vmidIn(line);
      else if (message['event'] === 'SHUTDOWN') shutDown(client, message);
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (client.vmid === null) return;
    const words = ['cleanup', client.vmid, client.clean ? '1' : '0', client.guest ? '1' : '0'];
    process.stdout.write(`Starting cleanup for ${client.vmid}: ${words.join(' ')}\n`);
    spawn(qm, words, { stdio: ['ignore', 'inherit', 'inherit'] })
      .on('error', error => process.stderr.write(`${error.message}\n`))
      .on('close', () => process.stdout.write(`Finished cleanup for ${words[1]!}\n`));
  });
}

function shutDown(client: Client, message: Readonly<Record<string, unknown>>): void {
  if (client.clean) return;
  client.clean = true;
  client.guest = (message['data'] as { readonly guest?: boolean } | undefined)?.guest === true;
  if (client.vmid === null) return;
  try {
    process.kill(Number(readFileSync(`/var/run/qemu-server/${client.vmid}.pid`, 'utf8')), 'SIGTERM');
  } catch {
    // It is gone already.
  }
}

function vmidIn(answer: string): string | null {
  return /unix:[^"]*\/(\d+)\.qmp/.exec(answer)?.[1] ?? null;
}
