import { connect } from 'node:net';

/**
 * Runs one command of QEMU's human monitor over a QMP socket and returns what it prints; QEMU's own complaint or no
 * answer within the deadline is an error.
 */
export function monitorCommand(socketPath: string, command: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const end = (act: () => void) => {
      clearTimeout(deadline);
      socket.destroy();
      act();
    };
    const fail = (why: string) => {
      end(() => {
        reject(new Error(`QEMU did not do "${command}": ${why}`));
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
        else if (message['id'] === 'greeting')
          send({ execute: 'human-monitor-command', arguments: { 'command-line': command }, id: 'command' });
        else if (message['id'] === 'command') {
          const said = String(message['return']);
          if (/^Error/m.test(said)) fail(said);
          else
            end(() => {
              resolve(said);
            });
        }
      }
    });
    socket.on('error', error => {
      fail(error.message);
    });
  });
}
