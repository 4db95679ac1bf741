import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodePort } from '../../app/ports.ts';
import { emptyLedger, type Ledger, type LedgerEntry } from '../../domain/ledger.ts';
import { writeAtomically } from '../local/write-atomically.ts';
import { fileLock } from './file-lock.ts';
import { ledgerStore } from './ledger-store.ts';
import { parseLedger } from '../../formats/ledger/parse-ledger.ts';

const entry: LedgerEntry = {
  vm: 'one-7',
  claim: {
    vm: 'one-7',
    source: 'leased',
    owner: '12:34',
    expires: 99,
    cells: [
      {
        hostCell: 0,
        pcpus: '2-3,8',
        burnt: '8',
        sharedVcpus: 0,
        memoryMiB: 512,
        pageSizeKiB: null,
        pages: 1,
      },
    ],
    emulator: { policy: 'isolate', cpus: '8', share: 1 },
  },
  process: null,
  marker: '/vms/7/deployment.0',
  placement: {
    cells: [],
    pins: { '0': '2', '1': '3' },
    emulator: { policy: 'isolate', cpus: '8', atStart: '8', share: 1 },
    iothreads: {},
    realtime: null,
    topology: { sockets: 1, cores: 2, threads: 1 },
    memoryMode: 'strict',
    nodeset: '0',
    devices: [],
    cost: { dedicated: 2, shared: 0, emulator: 1, total: 3 },
  },
  foreign: null,
};
const full: Ledger = { ...emptyLedger('boot'), entries: [entry] };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinfold-ledger-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The files of the folder and nothing else of the machine. */
function nodeOn(root: string, write: NodePort['writeAtomically'] = writeAtomically): NodePort {
  return {
    name: 'test',
    files: {
      read: path => (isFile(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null),
      list: path => (existsSync(join(root, path)) ? readdirSync(join(root, path)) : []),
    },
    run: () => Promise.reject(new Error('nothing runs here')),
    writeAtomically: (path, text, mode) => {
      write(join(root, path), text, mode);
    },
    remove: path => {
      rmSync(join(root, path), { force: true });
    },
    writeInPlace: () => 'EROFS',
    makeFolder: () => 'EROFS',
    removeFolder: () => 'EROFS',
  };
}
const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
const storeOn = (node: NodePort) => ledgerStore({ node, folder: '/state', root: folder });

describe('the ledger file', () => {
  test('gives back what was written', () => {
    const store = storeOn(nodeOn(folder));
    expect(store.read()).toEqual({ ledger: emptyLedger(''), warning: null });
    store.write(full);
    expect(store.read()).toEqual({ ledger: full, warning: null });
  });

  test.each([
    ['cut off', JSON.stringify(full).slice(0, -20)],
    ['empty', ''],
    ['of a later version', JSON.stringify({ ...full, version: 2 })],
    ['with CPUs that are none', JSON.stringify(full).replace('2-3,8', '2-3,x')],
    ['with burnt CPUs that are none', JSON.stringify(full).replace('"burnt":"8"', '"burnt":8')],
    ['with CPUs that no kernel counts to', JSON.stringify(full).replace('2-3,8', '2-3,99999')],
    ['with a range that goes backwards', JSON.stringify(full).replace('2-3,8', '3-2,8')],
    ['with devices that are no list', JSON.stringify(full).replace('"cells":[{', '"devices":5,"cells":[{')],
    ['with a lease of nobody', JSON.stringify(full).replace('12:34', 'me')],
    ['with a pin that is no set', JSON.stringify(full).replace('"0":"2"', '"0":2')],
  ])('%s is set aside, named in one sentence, and begun anew', (_, text) => {
    const store = storeOn(nodeOn(folder));
    store.write(full);
    writeFileSync(join(folder, 'state/ledger.json'), text);
    const { ledger, warning } = store.read();
    expect(ledger.entries).toEqual([]);
    expect(warning).toMatch(/^The ledger \/state\/ledger\.json was damaged: it is now \S+, and .*\.$/);
    const aside = /now (\S+),/.exec(warning!)![1]!;
    expect(readFileSync(join(folder, aside), 'utf8')).toBe(text);
    expect(store.read()).toEqual({ ledger: emptyLedger(''), warning: null });
  });

  test('that is there but cannot be read is set aside as well, and not taken for none', () => {
    const store = storeOn(nodeOn(folder));
    mkdirSync(join(folder, 'state/ledger.json'), { recursive: true });
    const { ledger, warning } = store.read();
    expect(ledger.entries).toEqual([]);
    expect(warning).toMatch(/^The ledger \/state\/ledger\.json was damaged: it is now \S+, and /);
    store.write(full);
    expect(store.read()).toEqual({ ledger: full, warning: null });
  });

  test('takes along what killed processes left beside it, and nothing of those that run', () => {
    const state = join(folder, 'state');
    mkdirSync(state);
    mkdirSync(join(folder, 'proc/50'), { recursive: true });
    writeFileSync(join(folder, 'proc/50/stat'), `50 (node) S ${'1 '.repeat(18)}77`);
    const left = ['.ledger.json.40.new', '.40-2.tmp', 'saved-40.xml', 'travel-40.xml'];
    const used = [
      '.policy.json.50.new',
      '.50-1.tmp',
      'saved-50.xml',
      'travel-50.xml',
      'policy.json',
      '.keep',
    ];
    for (const name of [...left, ...used]) writeFileSync(join(state, name), '');
    storeOn(nodeOn(folder)).write(full);
    expect(readdirSync(state).sort()).toEqual([...used, 'ledger.json'].sort());
  });

  test('needs every part that a decision reads', () => {
    for (const key of ['vm', 'claim', 'process', 'marker', 'placement', 'foreign']) {
      // undefined is what JSON leaves out.
      const without = { ...entry, [key]: undefined };
      expect(parseLedger(JSON.stringify({ ...full, entries: [without] }))).toBeNull();
    }
    expect(parseLedger(JSON.stringify(full))).toEqual(full);
  });

  test('takes what was asked for and a change under way along, whole or not at all', () => {
    const request = { kind: 'pinfold/request', version: 1, vm: '7', vcpus: 2, memoryMiB: 512 } as const;
    const step = { to: entry.placement!, claim: entry.claim, owner: '40:1234' };
    const read = (change: object) =>
      parseLedger(JSON.stringify({ ...full, entries: [{ ...entry, ...change }] }));
    expect(read({ request, step })?.entries).toEqual([{ ...entry, request, step }]);
    for (const damaged of [
      { request: 'all' },
      { request: { ...request, vcpus: 'two' } },
      { step: { ...step, to: null } },
      { step: { ...step, claim: { vm: '7' } } },
      { step: { ...step, owner: 'me' } },
    ])
      expect(read(damaged)).toBeNull();
  });
});

describe('the lock', () => {
  test('lets one in at a time, in this process and in others', async () => {
    const path = join(folder, 'lock');
    const release = await fileLock(path).acquire();
    await expect(fileLock(path, 0.1).acquire()).rejects.toThrow(
      /^Another start held the lock .* for more than 0\.1 s: see .*\.$/,
    );
    let entered = false;
    const waiting = fileLock(path, 5)
      .acquire()
      .then(give => {
        entered = true;
        give();
      });
    expect(entered).toBe(false);
    release();
    await waiting;
    expect(entered).toBe(true);
  });

  test('is not held by a program that was started while it was held', async () => {
    const path = join(folder, 'lock');
    const release = await fileLock(path).acquire();
    const child = spawn('sleep', ['20'], { stdio: 'ignore' });
    release();
    (await fileLock(path, 1).acquire())();
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  test('dies with its holder', async () => {
    const path = join(folder, 'lock');
    // --close: only flock(1) itself holds the lock, not the program that it started.
    const holder = spawn('flock', ['--close', path, 'sh', '-c', 'echo held $$; exec sleep 20'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [said] = (await once(holder.stdout, 'data')) as [Buffer];
    await expect(fileLock(path, 0.1).acquire()).rejects.toThrow(/held the lock/);
    holder.kill('SIGKILL');
    (await fileLock(path, 5).acquire())();
    process.kill(Number(/held (\d+)/.exec(said.toString())![1]), 'SIGKILL');
  });

  test('may be taken by the group of the state folder, whatever the umask says', async () => {
    const path = join(folder, 'lock');
    writeFileSync(path, '');
    chmodSync(path, 0o600);
    (await fileLock(path).acquire())();
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  test('in a folder that cannot be made is one sentence', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(fileLock(join(folder, 'file', 'lock')).acquire()).rejects.toThrow(
      /could not be written \((ENOTDIR|EEXIST)\): check the folder/,
    );
  });
});
