import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whenLate } from '../kit/late.ts';
import { runProgram } from '../kit/run-program.ts';
import { cancel, failureText, logLines, type DrivenHost } from './drive.ts';
import { DriverStream } from './driver-stream.ts';
import { vmXml } from './template.ts';

describe('the failure text', () => {
  it('joins bare lines without a separator and leaves marked ones to the log', () => {
    const stderr = 'WARN: pinfold: slow.\n  No cell has 2 free CPUs. \nsecond\nExitCode: 3';
    expect(failureText(stderr)).toBe('No cell has 2 free CPUs.secondExitCode: 3');
    expect(logLines(stderr)).toEqual([
      'W pinfold: slow.',
      'I No cell has 2 free CPUs.',
      'I second',
      'I ExitCode: 3',
    ]);
  });

  it('is a dash when nothing was said', () => {
    expect(failureText('')).toBe('-');
  });
});

describe('a driver stream', () => {
  it('feeds a command through a quoted here-document that ends with one more line end', async () => {
    const stream = new DriverStream(['bash', '-s'], { PATH: process.env['PATH'] });
    const text = "<a b='$HOME'>`x`\\</a>";
    const end = await stream.run('cat; exit 7', text, 10_000);
    stream.close();
    expect(end).toEqual({ code: 7, stdout: `${text}\n`, stderr: 'ExitCode: 7' });
  });

  it('runs one command after another in one shell', async () => {
    const stream = new DriverStream(['bash', '-s'], { PATH: process.env['PATH'] });
    const first = await stream.run('echo one; echo two >&2', null, 10_000);
    const second = await stream.run('false', null, 10_000);
    stream.close();
    expect([first.stdout, first.stderr, first.code]).toEqual(['one\n', 'two\nExitCode: 0', 0]);
    expect(second.code).toBe(1);
  });

  it('gives up on a command that overruns its deadline, once somebody has looked at what it does', async () => {
    const looks: [string, string][] = [];
    whenLate(async what => {
      const { stdout } = await runProgram(['ps', '-eo', 'args'], { timeoutMs: 10_000 });
      looks.push([what, /^sleep 30\.25$/m.exec(stdout)?.[0] ?? 'it had ended']);
    });
    const stream = new DriverStream(['bash', '-s'], { PATH: process.env['PATH'] });
    const end = await stream.run('sleep 30.25', null, 200);
    whenLate(null);
    expect(looks).toEqual([['sleep 30.25 (0.2 s)', 'sleep 30.25']]);
    expect(end.code).toBe(-1);
    expect(end.stderr).toContain('Timeout Error');
  });
});

describe('an action', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pinfold-drive-'));
  const script = (base: string, text: string) => {
    mkdirSync(join(folder, base, 'vmm/kvmpinfold'), { recursive: true });
    const path = join(folder, base, 'vmm/kvmpinfold/cancel');
    writeFileSync(path, `#!/bin/bash\n${text}\n`);
    chmodSync(path, 0o755);
  };
  const host: DrivenHost = {
    name: 'node1',
    remotes: join(folder, 'remotes'),
    scripts: join(folder, 'host'),
    directory: 'kvmpinfold',
    user: null,
    shell: ['bash', '-s'],
    environment: { PATH: process.env['PATH'] },
    frontEnd: join(folder, 'front-end'),
  };
  const guest = { id: 7, vcpus: 1, memoryMiB: 64, pinfold: { HW_CPU_POLICY: 'dedicated' } };
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('copies the remotes to a host that lacks the script, then calls it with quoted parameters and the message', async () => {
    script('remotes', `printf '%s\\n' "$@" > '${folder}/arguments'; cat > '${folder}/stdin'; echo done`);
    const end = await cancel(host, guest, 'some uuid');
    expect(end).toMatchObject({ result: 'SUCCESS', deployId: 'done' });
    expect(end.log).toContain('I Updating remotes');
    expect(readFileSync(join(folder, 'arguments'), 'utf8')).toBe('some uuid\nnode1\n7\nnode1\n');
    expect(readFileSync(join(folder, 'stdin'), 'utf8')).toContain(vmXml(guest, 'node1'));
  });

  it('takes a script that ends with 42 for a failure and copies nothing', async () => {
    script('host', 'echo "Something is wrong. " >&2; exit 42');
    const end = await cancel(host, guest, 'x');
    expect(end).toMatchObject({ result: 'FAILURE', deployId: '', info: 'Something is wrong.ExitCode: 42' });
    expect(end.log).not.toContain('I Updating remotes');
  });
});
