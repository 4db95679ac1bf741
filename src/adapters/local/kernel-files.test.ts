import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder, removeFolder, writeInPlace } from './kernel-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinfold-kernel-files-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a text goes into a file that is there, and an empty one as the newline that the kernel takes for empty', () => {
  const file = join(folder, 'cpuset.cpus');
  writeFileSync(file, '0-7\n');
  expect(writeInPlace(file, '2')).toBeNull();
  expect(readFileSync(file, 'utf8')).toBe('2');
  expect(writeInPlace(file, '')).toBeNull();
  expect(readFileSync(file, 'utf8')).toBe('\n');
});

test('a file that is not there is named missing and not made', () => {
  const file = join(folder, 'cpuset.cpus');
  expect(writeInPlace(file, '2')).toBe('ENOENT');
  expect(existsSync(file)).toBe(false);
  expect(writeInPlace(folder, '2')).toBe('EISDIR');
});

test('a group is made once, may be there already, and its parents are not made for it', () => {
  const group = join(folder, 'vcpus');
  expect(makeFolder(group)).toBeNull();
  expect(makeFolder(group)).toBeNull();
  expect(makeFolder(join(folder, 'gone/vcpus'))).toBe('ENOENT');
});

test('a group is removed when it is empty, may be gone already, and stays when something is in it', () => {
  const group = join(folder, 'vcpus');
  mkdirSync(join(group, 'inner'), { recursive: true });
  expect(removeFolder(group)).toBe('ENOTEMPTY');
  expect(removeFolder(join(group, 'inner'))).toBeNull();
  expect(removeFolder(group)).toBeNull();
  expect(removeFolder(group)).toBeNull();
});
