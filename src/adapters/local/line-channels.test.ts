import { programLines } from './line-channels.ts';

jest.setTimeout(60_000);

const node = (script: string) => programLines([process.execPath, '-e', script]);

describe('a program that is talked with line by line', () => {
  test('hears what is sent and is heard', async () => {
    const channel = node(
      'require("readline").createInterface(process.stdin).on("line", line => console.log("heard " + line))',
    );
    channel.send('one');
    channel.send('two');
    expect(await channel.receive(20_000)).toEqual({ kind: 'line', line: 'heard one' });
    expect(await channel.receive(20_000)).toEqual({ kind: 'line', line: 'heard two' });
    expect(await channel.receive(10)).toEqual({ kind: 'late' });
    expect(await channel.close()).toEqual({ code: 0, said: '' });
  });

  test('is gone with its code and its last words', async () => {
    const channel = node(
      'process.stdout.write("half\\r\\nline"); console.error("first\\nCannot go on."); process.exitCode = 93',
    );
    expect(await channel.receive(20_000)).toEqual({ kind: 'line', line: 'half' });
    expect(await channel.receive(20_000)).toEqual({ kind: 'end' });
    expect(await channel.receive(20_000)).toEqual({ kind: 'end' });
    expect(await channel.close()).toEqual({ code: 93, said: 'Cannot go on.' });
    channel.send('nobody hears this');
  });

  test('that cannot be started is gone at once', async () => {
    const channel = programLines(['/nonexistent/ssh']);
    channel.send('anybody?');
    expect(await channel.receive(20_000)).toEqual({ kind: 'end' });
    expect(await channel.close()).toEqual({
      code: null,
      said: expect.stringMatching(/could not be started.*ENOENT/),
    });
  });

  test('that writes without a line end is left', async () => {
    const channel = node('process.stdout.write("x".repeat(17 * 1024 * 1024)); setTimeout(() => {}, 1e6)');
    expect(await channel.receive(60_000)).toEqual({ kind: 'end' });
    await channel.close();
  });

  test('that does not end by itself is ended', async () => {
    const channel = node('console.log(process.pid); setTimeout(() => {}, 1e6)');
    const heard = await channel.receive(20_000);
    const pid = heard.kind === 'line' ? Number(heard.line) : 0;
    expect(await channel.close()).toEqual({ code: null, said: '' });
    const gone = async (): Promise<boolean> => {
      try {
        process.kill(pid, 0);
      } catch {
        return true;
      }
      await new Promise<void>(resolve => {
        setTimeout(resolve, 20);
      });
      return gone();
    };
    expect(await gone()).toBe(true);
  });
});
