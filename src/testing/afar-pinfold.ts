import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import { runVerb } from '../cli/run-verb.ts';
import { PROGRAM, type ProgramAnswer } from './built-program.ts';
import { byShell, newKeyPair, startSshServer, type SshAnswer, type SshServer } from './ssh-server.ts';

const [USER_KEY, HOST_KEY] = [newKeyPair(), newKeyPair()];

/**
 * A node `pve1` of a nodes.yaml behind a real SSH server, on which `pinfold` is whatever {@link installed} was told. Verbs run
 * in this process, those of the node in processes of their own.
 */
export class AfarPinfoldSite {
  readonly home: string;
  readonly server: SshServer;

  private constructor(home: string, server: SshServer) {
    this.home = home;
    this.server = server;
    mkdirSync(join(this.home, 'bin'));
    this.file('key', USER_KEY.private);
    this.file('known_hosts', `[127.0.0.1]:${server.port} ${HOST_KEY.public}\n`);
    this.nodes({});
  }

  /** `answer` gets each command with the folder of the node's `pinfold` in front of its PATH. */
  static async open(answer: SshAnswer = byShell): Promise<AfarPinfoldSite> {
    const home = mkdtempSync(join(tmpdir(), 'pinfold-afar-'));
    const server = await startSshServer(HOST_KEY, (channel, command, link) => {
      answer(channel, `PATH=${join(home, 'bin')}:$PATH; ${command}`, link);
    });
    return new AfarPinfoldSite(home, server);
  }

  async close(): Promise<void> {
    await this.server.close();
    // A Pinfold whose link was cut goes on, and writes here to its end.
    for (let tries = 0; tries < 300 && isNamedByAProcess(this.home); tries += 1)
      await new Promise(resolve => setTimeout(resolve, 100));
    rmSync(this.home, { recursive: true, force: true });
  }

  file(name: string, text: string): string {
    const path = join(this.home, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** Writes nodes.yaml (YAML holds JSON); `entry` stands in place of how pve1 is reached. */
  nodes(entry: Readonly<Record<string, unknown>>): void {
    const ssh = { port: this.server.port, key: '~/key', known_hosts: ['~/known_hosts'], timeout_seconds: 20 };
    this.file('nodes.yaml', JSON.stringify({ pve1: { host: '127.0.0.1', ssh, ...entry } }));
  }

  /** What `pinfold` is on the node: lines of a shell script behind the answer to --version. */
  installed(script: string, version = 'development'): void {
    const path = join(this.home, 'bin/pinfold');
    writeFileSync(path, `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; exit; fi\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** The built program on a stand-in node takes the part of the node's own. */
  installedOn(root: string, version?: string): void {
    this.installed(`exec ${process.execPath} ${PROGRAM} "$@" --root ${root}`, version);
  }

  /** Runs a verb here, as main.ts does. */
  async run(words: readonly string[]): Promise<ProgramAnswer> {
    const texts = { stdout: '', stderr: '' };
    const spies = (['stdout', 'stderr'] as const).map(name =>
      jest.spyOn(process[name], 'write').mockImplementation(piece => {
        texts[name] += String(piece);
        return true;
      }),
    );
    const before = process.env;
    process.env = { PATH: before['PATH'], HOME: this.home, PINFOLD_NODES: '~/nodes.yaml' };
    try {
      return { code: await runVerb(words), ...texts };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { code: error.exit, stdout: texts.stdout, stderr: `${texts.stderr}pinfold: ${error.message}\n` };
    } finally {
      process.env = before;
      for (const spy of spies) spy.mockRestore();
    }
  }
}

/** Whether a process was started with this path among its arguments. */
function isNamedByAProcess(path: string): boolean {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && name !== String(process.pid))
    .some(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path);
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
}
