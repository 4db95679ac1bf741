import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAtomically } from './write-atomically.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinfold-write-'));
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

test('a file is written whole, with its mode, in folders that are made', () => {
  const path = join(folder, 'a/b/file');
  writeAtomically(path, 'ünïcode\n', 0o600);
  expect(readFileSync(path, 'utf8')).toBe('ünïcode\n');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, 'a/b'))).toEqual(['file']);
});

test.each([
  [
    'the disk is full',
    'writeSync',
    'ENOSPC',
    /There is no space left to write .*: free some space below .*\.$/,
  ],
  ['a quota is used up', 'fsyncSync', 'EDQUOT', /There is no space left/],
  [
    'the file system is read-only',
    'openSync',
    'EROFS',
    /mounted read-only: mount it read-write and try again\.$/,
  ],
  [
    'the user may not',
    'renameSync',
    'EACCES',
    /This user may not write .*: give it write permission on .*\.$/,
  ],
] as const)(
  'when %s the old file stays, no temporary one is left, and one sentence says so',
  (_, call, code, words) => {
    const path = join(folder, 'file');
    writeFileSync(path, 'old');
    jest.spyOn(fs, call).mockImplementation(failing(code));
    expect(() => {
      writeAtomically(path, 'new');
    }).toThrow(words);
    jest.restoreAllMocks();
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['file']);
  },
);
