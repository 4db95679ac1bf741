import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askMonitor } from './query-iothreads.ts';

let folder: string;
let server: Server;
const sockets: Socket[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinfold-qmp-'));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise(resolve => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** A monitor that greets and answers each line with these. */
function monitor(answers: readonly string[]): Promise<string> {
  const path = join(folder, 'qmp');
  server = createServer(socket => {
    sockets.push(socket);
    socket.write('{"QMP": {"version": {}, "capabilities": ["oob"]}}\n');
    socket.once('data', () => {
      for (const answer of answers) socket.write(answer);
    });
  });
  return new Promise(resolve => {
    server.listen(path, () => {
      resolve(path);
    });
  });
}

test('the monitor is asked once, and events between the answers do not matter', async () => {
  const path = await monitor([
    '{"return": {}}\n{"event": "RTC_CHANGE"}\n{"return": [{"id": "iothread-virtio0", "thread-id": 12, "poll-max-ns": 1},',
    ' {"id": "iothread-scsi1", "thread-id": 11}], "id": "pinfold"}\n',
  ]);
  expect([...(await askMonitor(path, 2000))!]).toEqual([
    ['iothread-scsi1', 11],
    ['iothread-virtio0', 12],
  ]);
});

test.each([
  ['says nothing, as while another client holds it', []],
  ['does not know the question', ['{"error": {"class": "CommandNotFound"}, "id": "pinfold"}\n']],
])('a monitor that %s is no answer', async (_, answers) => {
  expect(await askMonitor(await monitor(answers), 100)).toBeNull();
});
