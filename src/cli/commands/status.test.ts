import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeTree } from '../../adapters/local/write-tree.ts';
import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { parseWith } from '../../documents/parse-with.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { PROGRAM, runPinfold } from '../../testing/built-program.ts';
import { hostOfWorld, MAP_WORLDS } from '../../testing/map-worlds.ts';

/** The program runs in processes of its own; a busy machine needs the time. */
jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'pinfold-status-'));
const tree = join(folder, 'tree');
const host = join(folder, 'host.json');
beforeAll(() => {
  writeTree(renderMachine(namedMachine('laptop-1c')), tree);
  writeFileSync(
    host,
    JSON.stringify({ ...hostOfWorld(MAP_WORLDS['dual-socket-smt']!), versions: { pinfold: '1' } }),
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('the status of a node with guests is a document of its schema, and each CPU is in it once', () => {
  const { kept, keptProxmox } = JSON.parse(runPinfold(['demo', '--keep', '--json']).stdout) as {
    readonly kept: string;
    readonly keptProxmox: string;
  };
  try {
    const { code, stdout } = runPinfold(['status', '--root', kept, '--json']);
    expect(code).toBe(0);
    const status = parseWith(DOCUMENT_SCHEMAS.status, JSON.parse(stdout), 'the status');
    expect(status.guests).toHaveLength(8);
    expect(status.cpus).toMatchObject({ pool: '18', shared: '16-17,48-49', 'kept-empty': '36-38' });
    const cpus = Object.values(status.cpus).flatMap(list => list.split(','));
    const count = cpus
      .map(part => part.split('-').map(Number))
      .reduce((sum, [first, last]) => sum + (last ?? first!) - first! + 1, 0);
    expect(count).toBe(64);
  } finally {
    for (const root of [kept, keptProxmox]) rmSync(root, { recursive: true });
  }
});

describe('pictures', () => {
  test('of a captured state go into files, and the map is not printed beside them', () => {
    const [svg, html] = [join(folder, 'map.svg'), join(folder, 'map.html')];
    writeFileSync(svg, 'what was there before');
    const { code, stdout, stderr } = runPinfold(['status', '--host', host, '--svg', svg, '--html', html]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toBe(
      `The map of dual-socket-smt is in ${svg}.\nThe map of dual-socket-smt is in ${html}.\n`,
    );
    expect(readFileSync(svg, 'utf8')).toMatch(/^<\?xml [^]*<\/svg>\n$/);
    expect(readFileSync(html, 'utf8')).toMatch(
      /^<!doctype html>[^]*Drawn from a host document[^]*<\/html>\n$/,
    );
  });

  test('go to standard output and to devices as they are', () => {
    expect(runPinfold(['status', '--host', host, '--svg', '-']).stdout).toMatch(/<\/svg>\n$/);
    const { code } = runPinfold(['status', '--host', host, '--html', '/dev/null']);
    expect([code, existsSync('/dev/null') && readdirSync('/dev').includes('null')]).toEqual([0, true]);
  });

  test.each([
    ['a folder', () => folder, 'is a folder: name the file in it'],
    ['a file in no folder', () => join(folder, 'none/map.svg'), 'there is no folder'],
    ['a file below a file', () => join(host, 'map.svg'), 'there is no folder'],
  ])('%s is refused before anything is read', (_, file, message) => {
    const { code, stdout, stderr } = runPinfold(['status', '--root', tree, '--svg', file()]);
    expect({ code, stdout, lines: stderr.trim().split('\n').length }).toEqual({
      code: 2,
      stdout: '',
      lines: 1,
    });
    expect(stderr).toContain(message);
  });

  test('a full disk leaves no half of a picture', () => {
    const link = join(folder, 'full.svg');
    symlinkSync('/dev/full', link);
    const { code, stderr } = runPinfold(['status', '--host', host, '--svg', link]);
    expect(code).toBe(5);
    expect(stderr).toMatch(/^pinfold: There is no space left to write .*\n$/);
  });
});

/** Runs `status --watch` and sends it a signal once it has printed `drawings` of them. */
function watchUntil(drawings: number, words: readonly string[], signal: NodeJS.Signals) {
  return new Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>(
    resolve => {
      const child = spawn(process.execPath, [PROGRAM, 'status', '--watch', '--interval', '0.2', ...words]);
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (part: Buffer) => {
        stdout += part.toString();
        if (stdout.split('laptop-1c').length > drawings) child.kill(signal);
      });
      child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
      child.on('close', code => {
        resolve({ code, stdout, stderr });
      });
    },
  );
}

describe('--watch', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'draws until %s and ends in good order',
    async signal => {
      const { code, stdout, stderr } = await watchUntil(2, ['--root', tree], signal);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const [first, second] = stdout.split(/(?=laptop-1c: )/);
      expect(second!.trim()).toBe(first!.trim());
      expect(stdout).not.toContain('\u001b');
    },
  );

  test('prints a document a line with --json', async () => {
    const { code, stdout } = await watchUntil(2, ['--root', tree, '--json'], 'SIGINT');
    expect(code).toBe(0);
    const documents = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { readonly kind: string });
    expect(documents.length).toBeGreaterThan(1);
    expect(documents.every(({ kind }) => kind === 'pinfold/status')).toBe(true);
  });

  test('ends with one sentence when the tree goes away', async () => {
    const gone = mkdtempSync(join(tmpdir(), 'pinfold-gone-'));
    writeTree(renderMachine(namedMachine('laptop-1c')), gone);
    const child = spawn(process.execPath, [
      PROGRAM,
      'status',
      '--watch',
      '--interval',
      '0.2',
      '--root',
      gone,
    ]);
    let stderr = '';
    child.stdout.once('data', () => {
      rmSync(gone, { recursive: true });
    });
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
    const code = await new Promise(resolve => child.on('close', resolve));
    expect(code).toBeGreaterThan(1);
    expect(stderr).toMatch(/^pinfold: [^\n]+\.\n$/);
  });

  test('takes a screen of its own on a terminal, without colours under NO_COLOR, and gives it back', async () => {
    const command = `NO_COLOR=1 exec ${process.execPath} ${PROGRAM} status --watch --interval 0.2 --root ${tree}`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let [stdout, asked] = ['', false];
    child.stdout.on('data', (part: Buffer) => {
      stdout += part.toString();
      if (asked || stdout.split('laptop-1c').length < 3) return;
      asked = true;
      // Ctrl-C as a terminal takes it.
      child.stdin.write('\u0003');
    });
    await new Promise(resolve => child.on('close', resolve));
    expect(stdout.startsWith('\u001b[?1049h\u001b[?25l\u001b[Hlaptop-1c: ')).toBe(true);
    expect(stdout.trimEnd().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    expect(stdout).not.toMatch(/\u001b\[\d+m/);
  });

  test('ends when its terminal is gone', async () => {
    const pidFile = join(folder, 'pid');
    const command = `echo $$ > ${pidFile}; exec ${process.execPath} ${PROGRAM} status --watch --interval 0.2 --root ${tree}`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise(resolve => child.stdout.once('data', resolve));
    const watching = `/proc/${readFileSync(pidFile, 'utf8').trim()}`;
    expect(existsSync(watching)).toBe(true);
    child.kill('SIGKILL');
    const isGone = () => !existsSync(watching) || / Z /.test(readFileSync(`${watching}/stat`, 'utf8'));
    for (let tries = 0; tries < 300 && !isGone(); tries += 1)
      await new Promise(resolve => setTimeout(resolve, 100));
    expect(isGone()).toBe(true);
  });
});
