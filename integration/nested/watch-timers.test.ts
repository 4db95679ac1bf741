import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processIdentity } from '../kit/process-identity.ts';
import type { Machine } from './machine.ts';
import { mendTimers } from './watch-timers.ts';

const folder = mkdtempSync(join(tmpdir(), 'pinfold-timers-'));
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});
const machine = { profile: 'trixie', process: processIdentity(process.pid)!, folder } as Machine;

function listen(name: string, answer: (text: string) => string, greeting = ''): void {
  const server = createServer(socket => {
    socket.write(greeting);
    socket.setEncoding('utf8').on('data', (text: string) => socket.write(answer(text)));
    socket.on('error', () => undefined);
  });
  servers.push(server.listen(join(folder, name)));
}

it('sends the timer’s interrupt to the CPU that lost it, through a GDB server that is closed again, and says so', async () => {
  const commands: string[] = [];
  const packets: string[] = [];
  const said = (command: string): string => {
    if (command === 'info cpus') return '* CPU #0: thread_id=1\r\n  CPU #1: thread_id=2\r\n';
    const current = command === 'info lapic 2' ? 0 : 77;
    // No CPU has the id 1 where a socket has three cores.
    return command.startsWith('info lapic') && command !== 'info lapic 1'
      ? `LVTT\t 0x000000ec active-hi edge one-shot Fixed (vec 236)\r\nTimer\t DCR=0x3 initial_count = 99 current_count = ${current}\r\nISR\t (none)\r\nIRR\t (none)\r\n`
      : '';
  };
  listen(
    'monitor',
    text =>
      text
        .trim()
        .split('\n')
        .map(line => {
          const { id, arguments: words } = JSON.parse(line) as {
            readonly id: string;
            readonly arguments?: { readonly 'command-line': string };
          };
          const command = words?.['command-line'];
          if (command !== undefined && !command.startsWith('info')) commands.push(command);
          return `${JSON.stringify({ id, return: command === undefined ? {} : said(command) })}\n`;
        })
        .join(''),
    '{"QMP": {}}\n',
  );
  listen('gdb', text => {
    // The client's own "+" may come with its next packet.
    const packet = text.replace(/^\++/, '');
    if (packet === '') return '';
    packets.push(packet);
    return '+$OK#9a';
  });
  expect(await mendTimers(machine, { lostAfterMs: 1 })).toEqual([
    expect.stringMatching(/APIC id 2: .*interrupt 236 .*count of 99/),
  ]);
  expect(packets).toEqual(['$Qqemu.PhyMemMode:1#77', '$Mfee02000,4:ec000000#f1', '$D#44']);
  expect(commands).toEqual([`gdbserver unix:${folder}/gdb,server=on,wait=off`, 'gdbserver none']);
});
