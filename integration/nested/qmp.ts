import { connect } from 'node:net';

/**
 * Runs one command of QEMU's human monitor over a QMP socket and returns what it prints; QEMU's own complaint or no
 * answer within the deadline is an error.
 */
export async function monitorCommand(
  socketPath: string,
  command: string,
  timeoutMs: number,
): Promise<string> {
  const request = { execute: 'human-monitor-command', arguments: { 'command-line': command } };
  const said = String(await monitorRequest(socketPath, request, timeoutMs));
  if (/^Error/m.test(said)) throw new Error(`QEMU did not do "${command}": ${said}`);
  return said;
}

/** One command of QEMU's machine monitor. */
export interface MonitorRequest {
  readonly execute: string;
  readonly arguments: object;
}

/** Runs one command of QMP and returns its answer; QEMU's complaint or no answer within the deadline is an error. */
export function monitorRequest(
  socketPath: string,
  request: MonitorRequest,
  timeoutMs: number,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const end = (act: () => void) => {
      clearTimeout(deadline);
      socket.destroy();
      act();
    };
    const fail = (why: string) => {
      end(() => {
        reject(new Error(`QEMU did not do "${JSON.stringify(request)}": ${why}`));
      });
    };
    const deadline = setTimeout(() => {
      fail(`no answer within ${timeoutMs / 1000} s.`);
    }, timeoutMs);
    const send = (message: object) => socket.write(`${JSON.stringify(message)}\n`);
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
        const message = JSON.parse(text.slice(0, at)) as Record<string, unknown>;
        text = text.slice(at + 1);
        if ('QMP' in message) send({ execute: 'qmp_capabilities', id: 'greeting' });
        else if ('error' in message) fail(JSON.stringify(message['error']));
        else if (message['id'] === 'greeting') send({ ...request, id: 'command' });
        else if (message['id'] === 'command')
          end(() => {
            resolve(message['return']);
          });
      }
    });
    socket.on('error', error => {
      fail(error.message);
    });
  });
}
