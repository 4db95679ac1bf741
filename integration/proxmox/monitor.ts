import { connect } from 'node:net';
import { PveError } from './pve-error.ts';

/**
 * Runs one command on a QMP socket: connect, ask, close (PVE/QMPClient.pm: QEMU serves one client at a time; seen: a
 * second one gets no byte while the first stays). QEMU may end before it answers `quit`: that is an answer.
 */
export function monitorCommand(
  socketPath: string,
  {
    vmid,
    command,
    timeoutMs,
  }: { readonly vmid: string; readonly command: string; readonly timeoutMs: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let asked = false;
    let text = '';
    const end = (error: string | null) => {
      clearTimeout(deadline);
      socket.destroy();
      if (error === null) resolve();
      else reject(new PveError(`VM ${vmid} qmp command '${command}' failed - ${error}`));
    };
    const deadline = setTimeout(() => {
      end('got timeout');
    }, timeoutMs);
    const ask = (execute: string, id: string) => socket.write(`${JSON.stringify({ execute, id })}\n`);
    const hear = (message: Readonly<Record<string, unknown>>) => {
      if ('QMP' in message) ask('qmp_capabilities', 'greeting');
      else if ('error' in message) end(JSON.stringify(message['error']));
      else if (message['id'] === 'greeting') asked = ask(command, 'command') || true;
      else if (message['id'] === 'command') end(null);
    };
    socket.setEncoding('utf8').on('data', (piece: string) => {
      const lines = (text + piece).split('\n');
      text = lines.pop()!;
      for (const line of lines) hear(JSON.parse(line) as Record<string, unknown>);
    });
    socket.on('error', error => {
      end(`unable to connect to VM ${vmid} qmp socket - ${error.message}`);
    });
    socket.on('close', () => {
      end(asked && command === 'quit' ? null : 'connection closed');
    });
  });
}
