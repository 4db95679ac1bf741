import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { AppError } from '../../domain/app-error.ts';
import { readTopology } from '../../formats/sysfs/read-topology.ts';
import type { TextTree } from '../../formats/text-tree.ts';
import {
  byShell,
  byShellIn,
  newKeyPair,
  startSshServer,
  type SshAnswer,
  type SshServer,
} from '../../testing/ssh-server.ts';
import { localFiles } from '../local/local-files.ts';
import { openSshNode, type SshNode } from './open-ssh-node.ts';
import type { SshTarget } from './ssh-target.ts';
import { TOPOLOGY_FILES } from './topology-files.ts';

// Handshakes and shells are slow on a busy machine.
jest.setTimeout(60_000);

const HOST_KEY = newKeyPair();
const USER_KEY = newKeyPair();
const folder = mkdtempSync(join(tmpdir(), 'pinfold-ssh-'));
const keyFile = join(folder, 'key');
writeFileSync(keyFile, USER_KEY.private, { mode: 0o600 });
let files = 0;
const nodes: SshNode[] = [];
const servers: SshServer[] = [];

afterEach(async () => {
  for (const node of nodes.splice(0)) node.close();
  await Promise.all(servers.splice(0).map(server => server.close()));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function serverThat(answer: SshAnswer, more?: { letsIn: boolean }): Promise<SshServer> {
  const server = await startSshServer(HOST_KEY, answer, more);
  servers.push(server);
  return server;
}

function knownHosts(port: number, key = HOST_KEY.public): string {
  files += 1;
  const path = join(folder, `known_hosts${files}`);
  writeFileSync(path, `[127.0.0.1]:${port} ${key}\n`);
  return path;
}

async function open(port: number, more: Partial<SshTarget> = {}, patterns: readonly string[] = []) {
  const target = { host: '127.0.0.1', port, user: 'root', keyFile, knownHosts: [knownHosts(port)], ...more };
  const node = await openSshNode(target, patterns);
  nodes.push(node);
  return node;
}

async function refusal(pending: Promise<unknown>): Promise<AppError> {
  try {
    await pending;
  } catch (error) {
    return error as AppError;
  }
  throw new Error('It must have failed.');
}

function lengthOf({ length }: { readonly length: number }): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

/** A killed process stays as a zombie until its new parent has read its end. */
function isAlive(pid: number): boolean {
  const stat = localFiles('/').read(`/proc/${pid}/stat`);
  return stat !== null && !/\) Z /.test(stat);
}

describe('a node over SSH', () => {
  test('that shows the known key runs a command with its words, environment and input as they are', async () => {
    const { port } = await serverThat(byShell);
    const node = await open(port);
    const end = await node.run(
      ['sh', '-c', 'printf "%s|" "$A" "$@"; cat; echo oh >&2', 'x', "it's", '$HOME', ''],
      {
        env: { A: 'b c' },
        stdin: ' in\n',
      },
    );
    expect(end).toEqual({ code: 0, stdout: "b c|it's|$HOME|| in\n", stderr: 'oh\n' });
  });

  test('with a host key that no file knows is refused by fingerprint, and no command was sent', async () => {
    const { port, commands } = await serverThat(byShell);
    const error = await refusal(open(port, { knownHosts: [join(folder, 'missing')] }));
    expect(error).toMatchObject({ code: 'host-key-unknown', exit: 4 });
    expect(error.message).toMatch(/ssh-ed25519 SHA256:.* is in none of .*missing.*ssh-keygen/);
    expect(commands).toEqual([]);
  });

  test('with another host key than the known one is refused by file and line', async () => {
    const { port } = await serverThat(byShell);
    const other = knownHosts(port, newKeyPair().public);
    const error = await refusal(open(port, { knownHosts: [other] }));
    expect(error).toMatchObject({ code: 'host-key-changed', exit: 4 });
    expect(error.message).toContain(`${other} line 1`);
  });

  test('that has no key of the known type is refused as changed', async () => {
    const { port } = await serverThat(byShell);
    const other = knownHosts(port, newKeyPair('ecdsa', 256).public);
    const error = await refusal(open(port, { knownHosts: [other] }));
    expect(error).toMatchObject({ code: 'host-key-changed', exit: 4 });
  });

  test('is found by its alias on whatever port', async () => {
    const { port } = await serverThat(byShell);
    const path = join(folder, 'alias');
    writeFileSync(path, `nested ${HOST_KEY.public}\n`);
    const node = await open(port, { knownHosts: [path], hostKeyAlias: 'nested' });
    expect((await node.run(['true'])).code).toBe(0);
  });

  test('that lets nobody in, does not listen or never answers is one sentence with exit 4', async () => {
    const { port } = await serverThat(byShell, { letsIn: false });
    const refused = await refusal(open(port));
    expect(refused).toMatchObject({ code: 'ssh-login-refused', exit: 4 });
    expect(refused.message).toMatch(/does not let root in with .*key: .*authorized_keys/);

    const deaf = createServer(socket => socket.resume());
    await new Promise<void>(resolve => {
      deaf.listen(0, '127.0.0.1', resolve);
    });
    const deafPort = (deaf.address() as AddressInfo).port;
    const late = await refusal(open(deafPort, { connectTimeoutMs: 300 }));
    expect(late).toMatchObject({ code: 'node-unreachable', exit: 4 });
    expect(late.message).toContain(String(deafPort));
    await new Promise(resolve => deaf.close(resolve));
    expect(await refusal(open(deafPort))).toMatchObject({ code: 'node-unreachable', exit: 4 });
    expect(await refusal(open(port, { keyFile: join(folder, 'none') }))).toMatchObject({
      code: 'ssh-key-unreadable',
    });
  });

  test('that says orders for terminals instead of letting anybody in has them written out', async () => {
    const reason = '\u001b[2Jred\u009b31m';
    const sockets: Socket[] = [];
    const hostile = createServer(socket => {
      sockets.push(socket);
      // SSH_MSG_DISCONNECT (RFC 4253, 11.1), which needs no key.
      const text = Buffer.from(reason);
      const payload = Buffer.concat([Buffer.from([1, 0, 0, 0, 2]), lengthOf(text), text, lengthOf('')]);
      const padding = 8 + (8 - ((5 + payload.length + 8) % 8));
      const head = [lengthOf({ length: 1 + payload.length + padding }), Buffer.from([padding])];
      socket.on('error', () => undefined);
      socket.write(Buffer.concat([Buffer.from('SSH-2.0-none\r\n'), ...head, payload, Buffer.alloc(padding)]));
    });
    await new Promise<void>(resolve => {
      hostile.listen(0, '127.0.0.1', resolve);
    });
    const { message } = await refusal(open((hostile.address() as AddressInfo).port));
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => hostile.close(resolve));
    expect(message).toContain('(\\u{1b}[2Jred\\u{9b}31m)');

    const { port } = await serverThat(channel => {
      channel.stderr.write(`bash: ${reason}: not found\n`);
      channel.exit(1);
      channel.close();
    });
    const unread = await refusal(open(port, {}, ['/sys/*']));
    expect(unread.message).toContain('bash: \\u{1b}[2Jred\\u{9b}31m: not found');
  });

  test('hands on exit codes and what was said before them', async () => {
    const { port } = await serverThat(byShell);
    const node = await open(port);
    expect(await node.run(['sh', '-c', 'echo  half ; echo why >&2; exit 3'])).toEqual({
      code: 3,
      stdout: 'half\n',
      stderr: 'why\n',
    });
    expect((await node.run(['/no/such/program'])).code).toBe(127);
  });

  test('kills a command at its deadline, with what it started', async () => {
    const { port } = await serverThat(byShell);
    const node = await open(port);
    const end = await node.run(['sh', '-c', 'sleep 600 & echo $!; wait'], { timeoutMs: 2000 });
    expect(end.code).toBeNull();
    expect(end.stderr).toContain('KILL');
    const child = Number(end.stdout);
    expect(child).toBeGreaterThan(1);
    while (isAlive(child)) await new Promise(resolve => setTimeout(resolve, 20));
  });

  test('whose command hangs without an end is given up, and the next command still runs', async () => {
    let asked = 0;
    const { port } = await serverThat((channel, command, link) => {
      asked += 1;
      if (asked === 1) channel.write('so far');
      else byShell(channel, command, link);
    });
    const node = await open(port);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    let pending: ReturnType<SshNode['run']> = Promise.reject(new Error('not yet'));
    pending.catch(() => undefined);
    await new Promise<void>(heard => {
      pending = node.run(['sleep', '9'], {
        timeoutMs: 1000,
        onOutput: () => {
          heard();
        },
      });
    });
    jest.advanceTimersByTime(6000);
    jest.useRealTimers();
    const end = await pending;
    expect(end).toMatchObject({ code: null, stdout: 'so far' });
    expect(end.stderr).toMatch(/no answer within 6 s/);
    expect((await node.run(['echo', 'again'])).stdout).toBe('again\n');
  });

  test('that says more than is wanted is given up, and standard error is heard alone', async () => {
    const { port } = await serverThat(byShell);
    const node = await open(port);
    const heard: string[] = [];
    const onStderr = (piece: Buffer) => heard.push(piece.toString());
    const talk = ['sh', '-c', 'echo why >&2; sleep 0.1; exec yes'];
    const end = await node.runForBytes(talk, { mostBytes: 100_000, onStderr });
    expect([end.code, end.why]).toEqual([null, '127.0.0.1 said more than 100000 bytes.']);
    expect(end.stdout.length).toBeLessThanOrEqual(100_000);
    expect(heard).toEqual(['why\n']);
    const quiet = await node.runForBytes(['echo', 'few'], { mostBytes: 4 });
    expect([quiet.code, quiet.why, quiet.stdout.toString()]).toEqual([0, undefined, 'few\n']);
  });

  test('whose link drops in the middle of a command says so, and every later command too', async () => {
    const { port } = await serverThat((channel, _, link) => {
      channel.write('half');
      setTimeout(() => {
        link.end();
      }, 20);
    });
    const node = await open(port);
    const end = await node.run(['cat', '/etc/hostname']);
    expect(end).toMatchObject({ code: null, stdout: 'half' });
    expect(end.stderr).toMatch(/link to 127\.0\.0\.1 was lost/);
    expect(await node.run(['true'])).toMatchObject({ code: null });
    expect(await refusal(node.remove('/x'))).toMatchObject({ code: 'node-unreachable', exit: 4 });
  });

  test('hands over two megabytes byte for byte', async () => {
    const { port } = await serverThat(byShell);
    const node = await open(port);
    const bytes = Buffer.from(Array.from({ length: 1 << 21 }, (_, index) => (index * 7919) >> 5));
    const end = await node.runForBytes(['cat'], { stdin: bytes });
    expect(end.code).toBe(0);
    expect(end.stdout.equals(bytes)).toBe(true);
  });

  test('keeps characters whole that come in two pieces', async () => {
    const text = Buffer.from(' Zelle – frei\n');
    const { port } = await serverThat(channel => {
      const cut = text.indexOf(0xe2) + 1;
      channel.write(text.subarray(0, cut));
      setTimeout(() => {
        channel.write(text.subarray(cut));
        channel.exit(0);
        channel.close();
      }, 20);
    });
    const node = await open(port);
    expect(await node.run(['cat'])).toEqual({ code: 0, stdout: text.toString(), stderr: '' });
  });
});

describe('files of a node over SSH', () => {
  test('of a whole topology come in one round trip and make the topology that is read here', async () => {
    const { port, commands } = await serverThat(byShell);
    const node = await open(port, {}, TOPOLOGY_FILES);
    expect(commands).toHaveLength(1);
    const read = new Map<string, string | null>();
    const here = localFiles('/');
    const recording: TextTree = {
      read: path => {
        read.set(path, here.read(path));
        return read.get(path)!;
      },
      list: path => here.list(path),
    };
    const local = readTopology(recording, 'x');
    for (const [path, text] of read)
      if (text !== null && !/meminfo|free_hugepages/.test(path))
        expect([path, node.files.read(path)]).toEqual([path, text]);
    const withoutMemory = (topology: typeof local) => ({
      ...topology,
      cells: topology.cells.map(({ pages, ...cell }) => ({ ...cell, pools: pages.length })),
    });
    expect(withoutMemory(readTopology(node.files, 'x'))).toEqual(withoutMemory(local));
  });

  test('are there with all their bytes, empty ones too, and missing or unreadable ones are not', async () => {
    const { port } = await serverThat(byShell);
    const node = await open(port);
    writeFileSync(join(folder, 'f-lines'), ' a – b\n\nc');
    writeFileSync(join(folder, 'f-empty'), '');
    writeFileSync(join(folder, 'f-argv'), 'qemu\0-smp\0\u00004\0');
    const tree = await node.readFiles([`${folder}/f-*`, `${folder}/none`, folder]);
    expect(tree.list(folder)).toEqual(['f-argv', 'f-empty', 'f-lines']);
    expect(tree.read(join(folder, 'f-lines'))).toBe(' a – b\n\nc');
    expect(tree.read(join(folder, 'f-empty'))).toBe('');
    // Only the NUL at the very end is lost.
    expect(tree.read(join(folder, 'f-argv'))).toBe('qemu\0-smp\0\u00004');
    expect(tree.read(join(folder, 'none'))).toBeNull();
    await expect(node.readFiles(['/etc/$(id)'])).rejects.toThrow('Not a pattern');
  });

  test('of processes are those of QEMUs, by the name of each', async () => {
    const tree = join(folder, 'procs');
    const files = { comm: 'kvm\n', stat: '7 (kvm) S', 'task/7/comm': 'kvm\n', 'task/8/comm': 'CPU 0/KVM\n' };
    for (const [pid, comm] of Object.entries({ 7: 'kvm', 9: 'bash', 11: 'qemu-system-x86' }))
      for (const [name, text] of Object.entries({ ...files, comm: `${comm}\n` })) {
        mkdirSync(dirname(join(tree, 'proc', pid, name)), { recursive: true });
        writeFileSync(join(tree, 'proc', pid, name), text);
      }
    const { port } = await serverThat(byShellIn(tree));
    const node = await open(port);
    const read = await node.readFiles({ patterns: ['/proc/none'], ofQemu: ['task/*/comm', 'numa_maps'] });
    expect(read.list('/proc')).toEqual(['11', '7']);
    expect(read.list('/proc/7')).toEqual(['comm', 'task']);
    expect(read.read('/proc/11/task/8/comm')).toBe('CPU 0/KVM\n');
  });

  test('are an AppError, not half a tree, when the link breaks off', async () => {
    const { port } = await serverThat((channel, _, link) => {
      channel.write('sys/a\0text\0');
      setTimeout(() => {
        link.end();
      }, 20);
    });
    expect(await refusal(open(port, {}, ['/sys/*']))).toMatchObject({ code: 'node-unreachable', exit: 4 });
  });

  test('are written whole with their mode, in folders made for them, and removed', async () => {
    const { port } = await serverThat(byShell);
    const node = await open(port);
    const path = join(folder, "new folder/it's.yaml");
    await node.writeAtomically(path, 'strategy: päck\n', 0o600);
    expect(readFileSync(path, 'utf8')).toBe('strategy: päck\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'new folder'))).toHaveLength(1);
    await node.remove(path);
    await node.remove(path);
    expect(readdirSync(join(folder, 'new folder'))).toEqual([]);
  });

  test('stay as they are when not all bytes arrive', async () => {
    const path = join(folder, 'kept');
    writeFileSync(path, 'old');
    const { port } = await serverThat((channel, command, link) => {
      byShell(channel, command.replace(/ 10$/, ' 11'), link);
    });
    const node = await open(port);
    const error = await refusal(node.writeAtomically(path, '0123456789'));
    expect(error).toMatchObject({ code: 'node-refused', exit: 4 });
    expect(error.message).toContain('10 of 11 bytes');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder).filter(name => name.startsWith('kept'))).toEqual(['kept']);
    chmodSync(path, 0o600);
  });
});
