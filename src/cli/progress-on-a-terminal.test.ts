import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostOf } from '../machines/host-of.ts';
import { namedMachine } from '../machines/named-machines.ts';
import { PROGRAM } from '../testing/built-program.ts';

// The program runs in a process of its own; a busy machine needs the time.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'pinfold-terminal-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A trace that nobody waits for to end: guests of sizes in turn, on a big machine that is soon full. */
function endlessTrace(): string {
  const events = Array.from({ length: 60_000 }, (_, guest) => [
    'a',
    `g${guest % 700}`,
    {
      vcpus: 1 + (guest % 40),
      memory_mb: 1024,
      extra_specs: { 'hw:cpu_policy': 'dedicated', 'hw:numa_nodes': '2' },
    },
  ]);
  const file = join(folder, 'trace.json');
  writeFileSync(file, JSON.stringify({ host: hostOf(namedMachine('epyc-384')), events }));
  return file;
}

test('long work counts on a terminal, and Ctrl-C leaves a clean line', async () => {
  const words = `exec '${process.execPath}' '${PROGRAM}' replay --rebalance '${endlessTrace()}' > /dev/null`;
  // script(1) gives it a terminal; what is typed there goes through its standard input.
  const child = spawn('script', ['-qfec', words, '/dev/null'], { env: { ...process.env, SHELL: '/bin/sh' } });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const isFirst = !shown.includes('events');
    shown += text;
    if (isFirst && shown.includes('events')) child.stdin.write('\x03');
  });
  const code = await new Promise(resolve => child.on('close', resolve));
  expect(shown).toMatch(/\r\x1b\[K[█░]{10} \d+ of 60000 events/);
  // The terminal itself echoes ^C; nothing but that stands there in the end.
  expect(shown.slice(shown.lastIndexOf('events') + 'events'.length).replaceAll('^C', '')).toBe('\r\x1b[K');
  expect(code).toBe(130);
});
