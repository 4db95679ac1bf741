import { spawn, type ChildProcess } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIES_WITH_US } from '../kit/child-of-ours.ts';
import { mustRun, type ProgramEnd, runProgram } from '../kit/run-program.ts';
import { waitUntil } from '../kit/wait-until.ts';
import type { DrivenHost } from '../opennebula/drive.ts';
import type { LedgerRecord } from './ledger-file.ts';
import { liveThreads, type LiveThread } from './live-threads.ts';

const NAME = 'node2';
const TIMEOUT_MS = 60_000;

/**
 * A second host on this machine, with a libvirtd, folders, processes and a name of its own, which share CPUs and memory with
 * the first. `ssh node2 …` works on the first host for whatever has {@link callsFrom}'s PATH, libvirt's own transport included: its
 * stand-in enters the namespaces instead of a network. What it does not show: real ssh and its keys, and a network that
 * fails. The first host sees the second one's processes in its /proc, which a real one does not.
 */
export class SecondHost {
  readonly name = NAME;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, process: ChildProcess) {
    this.#folder = folder;
    this.#process = process;
  }

  /** Starts it, with the remotes that the first host has. */
  static async start(first: DrivenHost, script: string): Promise<SecondHost> {
    const folder = mkdtempSync(join(tmpdir(), 'pinfold-second-'));
    // A migration's connection for the memory goes to the destination's name.
    writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost ${NAME}\n`);
    await mustRun(['mount', '--bind', join(folder, 'hosts'), '/etc/hosts'], { timeoutMs: TIMEOUT_MS });
    cpSync(first.scripts, join(folder, 'one'), { recursive: true });
    const namespaces = ['--mount', '--pid', '--uts', '--fork', '--kill-child=KILL', '--mount-proc'];
    const child = spawn(
      DIES_WITH_US[0],
      [
        ...DIES_WITH_US.slice(1),
        ...['unshare', ...namespaces, '--propagation', 'private', '--', script, join(folder, 'log')],
        ...['sh', '-c', `touch ${join(folder, 'up')}; exec sleep 1000000`],
      ],
      { env: { ...process.env, PRIVATE_HOST_NAME: NAME }, stdio: 'ignore' },
    );
    const host = new SecondHost(folder, child);
    await waitUntil(() => (existsSync(join(folder, 'up')) ? true : null), {
      what: 'the second host to come up',
      timeoutMs: TIMEOUT_MS,
    });
    host.#writeSsh();
    await host.must(`cp -a ${join(folder, 'one')} ${first.scripts}`);
    return host;
  }

  /** The first host, from whose driver this one can be reached over ssh. */
  callsFrom(first: DrivenHost): DrivenHost {
    const path = `${join(this.#folder, 'bin')}:${first.environment['PATH'] ?? ''}`;
    return { ...first, environment: { ...first.environment, PATH: path } };
  }

  /** This one as the driver works on it. */
  driven(first: DrivenHost): DrivenHost {
    return { ...first, name: NAME, shell: [...this.#enter(), ...first.shell] };
  }

  /** Runs a shell's command there, whatever comes of it. */
  run(command: string): Promise<ProgramEnd> {
    return runProgram([...this.#enter(), 'sh', '-c', command], { timeoutMs: TIMEOUT_MS });
  }

  /** Runs a shell's command there, which must work. */
  must(command: string): Promise<string> {
    return mustRun([...this.#enter(), 'sh', '-c', command], { timeoutMs: TIMEOUT_MS });
  }

  /** The operator's policy.yaml there. */
  async policy(text: string): Promise<void> {
    const file = join(this.#folder, 'policy.yaml');
    writeFileSync(file, text);
    await this.must(`d=/var/tmp/one/etc/vmm/kvm/pinfold; mkdir -p $d; cp ${file} $d/policy.yaml`);
  }

  async ledger(): Promise<readonly LedgerRecord[]> {
    const { code, stdout } = await this.run('cat /run/pinfold/ledger.json');
    return code === 0 ? (JSON.parse(stdout) as { entries: readonly LedgerRecord[] }).entries : [];
  }

  /** The domains that run there. */
  async domains(): Promise<readonly string[]> {
    return (await this.must('virsh list --name')).split('\n').filter(Boolean).sort();
  }

  /** The threads of a guest that runs there, as this machine's kernel has them. */
  async threads(name: string): Promise<readonly LiveThread[]> {
    const pid = (await this.must(`cat /run/libvirt/qemu/${name}.pid`)).trim();
    const outer = readdirSync('/proc').find(entry => /^\d+$/.test(entry) && this.#isThere(entry, pid));
    if (outer === undefined) throw new Error(`No process of this machine is process ${pid} of ${NAME}.`);
    return liveThreads(Number(outer));
  }

  /** Ends it with all that runs there. */
  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await waitUntil(() => this.#process.exitCode ?? this.#process.signalCode, {
      what: 'the second host to be gone',
      timeoutMs: TIMEOUT_MS,
    });
    await runProgram(['umount', '/etc/hosts'], { timeoutMs: TIMEOUT_MS });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Its first process, as this host numbers it. */
  #leader(): string {
    const children = readFileSync(`/proc/${this.#process.pid!}/task/${this.#process.pid!}/children`, 'utf8');
    return children.trim().split(' ')[0]!;
  }

  #enter(): readonly string[] {
    return ['nsenter', '--target', this.#leader(), '--mount', '--uts', '--pid', '--'];
  }

  #isThere(entry: string, pid: string): boolean {
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8');
      const numbers = /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
      return numbers.length > 1 && numbers.at(-1) === pid && /^Name:\s*qemu/m.test(status);
    } catch {
      return false;
    }
  }

  #writeSsh(): void {
    const folder = join(this.#folder, 'bin');
    mkdirSync(folder);
    const lines = [
      '#!/bin/bash',
      '# ssh [OPTIONS] [--] HOST [--] COMMAND…: knows one host, and answers for any other as ssh does.',
      'while [ "${1#-}" != "$1" ]; do',
      '  case $1 in --) shift; break ;; -[oelpiF]) shift 2 ;; *) shift ;; esac',
      'done',
      'host=$1; shift; [ "$1" != -- ] || shift',
      `if [ "$host" != ${NAME} ]; then`,
      '  echo "ssh: Could not resolve hostname $host: Name or service not known" >&2; exit 255',
      'fi',
      // The words are joined, and the login shell there reads them.
      `exec ${this.#enter().join(' ')} env -i PATH=/usr/bin:/bin:/usr/sbin HOME=/root bash -c "$*"`,
    ];
    writeFileSync(join(folder, 'ssh'), `${lines.join('\n')}\n`, { mode: 0o755 });
  }
}
