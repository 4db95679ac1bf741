import { spawnSync } from 'node:child_process';
import { buildSync } from 'esbuild';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** More than a pipe holds. */
const LENGTH = 300_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinfold-write-out-'));
  writeFileSync(
    join(folder, 'entry.ts'),
    `import { writeOut } from ${JSON.stringify(join(__dirname, 'write-out.ts'))};\n` +
      `writeOut(1, 'a'.repeat(${LENGTH}));\nwriteOut(2, 'é\\n');\nprocess.exitCode = 7;\n`,
  );
  buildSync({
    entryPoints: [join(folder, 'entry.ts')],
    outfile: join(folder, 'program.cjs'),
    bundle: true,
    platform: 'node',
  });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const run = (command: string) => {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', command, process.execPath, join(folder, 'program.cjs')],
    {
      encoding: 'utf8',
      maxBuffer: 4 * LENGTH,
    },
  );
  return { status, stdout, stderr };
};

test('everything arrives, on a pipe that waits', () => {
  const { status, stdout, stderr } = run('"$0" "$1"');
  expect([status, stdout.length, stderr]).toEqual([7, LENGTH, 'é\n']);
});

test('everything arrives, on a pipe that does not wait and is read slowly', () => {
  // Perl sets O_NONBLOCK on the pipe that both ends of it share.
  const slow = `perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_NONBLOCK | fcntl(STDOUT, F_GETFL, 0)); exec @ARGV' "$0" "$1" | (sleep 0.3; wc -c)`;
  expect(run(slow).stdout.trim()).toBe(`${LENGTH}`);
});

test('a reader that is gone changes nothing of how the program ends', () => {
  expect(run('("$0" "$1"; echo "code $?" >&2) | true').stderr).toMatch(/code 7\n$/);
  expect(run('"$0" "$1" >&-; echo "code $?" >&2').stderr).toMatch(/code 7\n$/);
});
