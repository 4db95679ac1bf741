import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localFiles } from './local-files.ts';

const MIB = 1024 * 1024;

describe('the files of a directory', () => {
  const root = mkdtempSync(join(tmpdir(), 'pinfold-files-'));
  const files = localFiles(`${root}/`);
  mkdirSync(join(root, 'sys/b'), { recursive: true });
  afterAll(() => {
    rmSync(root, { recursive: true });
  });

  test('are read whole, with their line ends and in UTF-8', () => {
    writeFileSync(join(root, 'sys/a'), 'Zelle 0 – frei\n\0');
    expect(files.read('/sys/a')).toBe('Zelle 0 – frei\n\0');
  });

  test.each([0, 1, 4095, 4096, 4097, 16 * 1024, 16 * 1024 + 1, 100_000, MIB, 8 * MIB])(
    'of %i bytes are read to the end',
    size => {
      writeFileSync(join(root, 'sized'), 'x'.repeat(size));
      writeFileSync(join(root, 'sys/sized'), 'y'.repeat(size));
      expect(files.read('/sized')).toBe('x'.repeat(size));
      expect(files.read('/sys/sized')).toBe('y'.repeat(size));
      rmSync(join(root, 'sys/sized'));
    },
  );

  test('above 8 MiB are refused', () => {
    writeFileSync(join(root, 'huge'), 'x'.repeat(8 * MIB + 1));
    expect(files.read('/huge')).toBeNull();
    writeFileSync(join(root, 'after'), 'next');
    expect(files.read('/after')).toBe('next');
  });

  test('that are missing, a folder or a pipe without writer are no text', () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect(files.read('/none')).toBeNull();
    expect(files.read('/sys')).toBeNull();
    expect(files.read('/pipe')).toBe('');
  });

  test('are listed in order; a missing folder is empty', () => {
    expect(files.list('/sys')).toEqual(['a', 'b']);
    expect(files.list('/none')).toEqual([]);
  });

  test("are the real machine's for the root /, whose files state no size", () => {
    expect(localFiles('/').read('/proc/self/status')).toMatch(/^Name:/);
  });
});
