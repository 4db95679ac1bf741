import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinfold-program-'));
  for (const name of ['pinfold.cjs', 'run-program.cjs', 'completion.cjs'])
    copyFileSync(join('dist', name), join(folder, name));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function pinfold(...words: readonly string[]) {
  return spawnSync(process.execPath, [join(folder, 'pinfold.cjs'), ...words], { encoding: 'utf8' });
}
const cached = () =>
  readdirSync(folder)
    .filter(name => name.endsWith('.cache'))
    .map(name => name.replace(/\.cjs\..*/, ''))
    .sort();

test('the program keeps what V8 compiled for a verb, and says the same with it', () => {
  const first = pinfold('completion', 'bash');
  expect(first.status).toBe(0);
  expect(cached()).toEqual(['completion', 'run-program']);
  expect(pinfold('completion', 'bash')).toMatchObject({ status: 0, stdout: first.stdout, stderr: '' });
});

test('a run without a verb, which calls next to nothing, leaves no compiled code behind', () => {
  expect(pinfold('--version').status).toBe(0);
  expect(cached()).toEqual([]);
});

test('a program of which a file is missing or broken says so in one sentence', () => {
  writeFileSync(join(folder, 'run-program.cjs'), 'throw new Error("no program")');
  expect(pinfold('completion', 'bash')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: 'pinfold: Its own files cannot be loaded (no program): install the package or build again.\n',
  });
  rmSync(join(folder, 'run-program.cjs'));
  const { status, stderr } = pinfold('completion', 'bash');
  expect(status).toBe(1);
  expect(stderr).toContain("Cannot find module './run-program.cjs'");
  expect(stderr.split('\n')).toHaveLength(2);
});
