import { spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import { endProxmoxQemu, startProxmoxQemu, type QemuEnd } from '../adapters/embedded/proxmox-qemu.ts';
import { localFiles } from '../adapters/local/local-files.ts';
import { writeTree } from '../adapters/local/write-tree.ts';
import type { Ledger } from '../domain/ledger.ts';
import { readQemuThreads } from '../formats/proc/qemu-threads.ts';
import type { Machine } from '../machines/machine.ts';
import { renderMachine } from '../machines/render-machine.ts';

/** Bundles the hook into one file; answers its path, and how to take it away. */
export function bundleHook(): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'pinfold-hook-'));
  const path = join(folder, 'hook-proxmox.cjs');
  buildSync({
    entryPoints: [join(__dirname, '../../hooks/proxmox.ts')],
    outfile: path,
    bundle: true,
    platform: 'node',
    target: 'node18.18',
    format: 'cjs',
    logLevel: 'error',
  });
  return {
    path,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A VM as its config has it. */
export interface TestVm {
  readonly cores?: number;
  readonly memory?: number;
  readonly tags?: string;
  /** Further lines. */
  readonly lines?: readonly string[];
}

/** What one phase answered. */
export interface PhaseEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly log: string;
}

/** A node of Proxmox VE in a folder, whose VMs are started as qemu-server does: pre-start, QEMU, post-start, one worker. */
export class ProxmoxTree {
  readonly root = mkdtempSync(join(tmpdir(), 'pinfold-pve-'));
  readonly #hook: string;
  readonly #workers: ChildProcess[] = [];

  constructor(hook: string, machine: Machine) {
    this.#hook = hook;
    writeTree(renderMachine(machine), this.root);
    this.put('/proc/sys/kernel/random/boot_id', 'boot-1\n');
  }

  put(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string | null {
    const place = join(this.root, path);
    return existsSync(place) ? readFileSync(place, 'utf8') : null;
  }

  list(path: string): readonly string[] {
    return existsSync(join(this.root, path)) ? readdirSync(join(this.root, path)) : [];
  }

  vm(vmid: string, { cores = 2, memory = 512, tags = 'pin-fast', lines = [] }: TestVm = {}): void {
    const text = [
      `cores: ${cores}`,
      `memory: ${memory}`,
      ...(tags === '' ? [] : [`tags: ${tags}`]),
      ...lines,
    ];
    this.put(`/etc/pve/qemu-server/${vmid}.conf`, `${text.join('\n')}\n`);
  }

  /** Profiles by name, and a policy that trusts every tag. */
  policy(profiles: Readonly<Record<string, object>>, policy: object = {}): void {
    this.put('/etc/pve/pinfold/profiles.yaml', JSON.stringify(profiles));
    this.put('/etc/pve/pinfold/policy.yaml', JSON.stringify({ trust_tags: 'any', ...policy }));
  }

  /** A task as qemu-server forks it, with a title. */
  worker(title = 'task UPID:n:00000001:00000001:00000001:qmstart:101:root@pam:'): number {
    const child = spawn('sleep', ['600'], { argv0: title, stdio: 'ignore' });
    this.#workers.push(child);
    return child.pid!;
  }

  /** Ends a task, as one does behind its start. */
  endWorker(pid: number): Promise<void> {
    return new Promise(resolve => {
      const child = this.#workers.find(each => each.pid === pid);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
        resolve();
        return;
      }
      child.once('exit', () => {
        resolve();
      });
      child.kill('SIGKILL');
    });
  }

  phase(
    vmid: string,
    phase: string,
    at: { readonly worker: number; readonly env?: Readonly<Record<string, string>> },
  ): Promise<PhaseEnd> {
    return new Promise(resolve => {
      const child = spawn(process.execPath, [this.#hook, '--root', this.root, vmid, phase], {
        env: { PATH: process.env['PATH'], PINFOLD_WORKER: String(at.worker), ...at.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let log = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => (log += text));
      child.on('close', (code, signal) => {
        resolve({ code, signal, log });
      });
    });
  }

  /** What qemu-server runs between the phases. */
  qemu(vmid: string, worker: number | null, words: readonly string[] = []): QemuEnd {
    const config = this.read(`/etc/pve/qemu-server/${vmid}.conf`) ?? '';
    const of = (key: string, otherwise: string) =>
      new RegExp(`^${key}: (.*)$`, 'm').exec(config)?.[1] ?? otherwise;
    const vcpus = of('vcpus', of('cores', '1'));
    const affinity = of('affinity', '');
    return startProxmoxQemu(this.root, {
      vmid,
      worker,
      argv: [
        ...(affinity === '' ? [] : ['/usr/bin/taskset', '--cpu-list', '--all-tasks', affinity]),
        ...['/usr/bin/kvm', '-id', vmid, '-pidfile', `/var/run/qemu-server/${vmid}.pid`],
        ...['-smp', vcpus, '-m', of('memory', '512'), ...words],
      ],
    });
  }

  /** A whole start by a worker of its own, which then ends; stops where a phase or QEMU fails. */
  async start(
    vmid: string,
    {
      words = [],
      env = {},
      title,
    }: {
      readonly words?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      readonly title?: string;
    } = {},
  ): Promise<{ readonly started: boolean; readonly log: string; readonly signal: NodeJS.Signals | null }> {
    const worker = this.worker(title);
    try {
      const before = await this.phase(vmid, 'pre-start', { worker, env });
      if (before.code !== 0) return { started: false, log: before.log, signal: before.signal };
      const qemu = this.qemu(vmid, worker, words);
      if (qemu.code !== 0) return { started: false, log: before.log + qemu.output, signal: null };
      const after = await this.phase(vmid, 'post-start', { worker, env });
      return { started: true, log: before.log + after.log, signal: after.signal };
    } finally {
      await this.endWorker(worker);
    }
  }

  /** QEMU ends, and the hook is told or not (on the source of a migration, or where the node was too slow). */
  async stop(vmid: string, env: Readonly<Record<string, string>> = {}): Promise<PhaseEnd> {
    endProxmoxQemu(this.root, vmid);
    const worker = this.worker();
    const end = await this.phase(vmid, 'post-stop', { worker, env });
    await this.endWorker(worker);
    return end;
  }

  crash(vmid: string): void {
    endProxmoxQemu(this.root, vmid);
  }

  pidOf(vmid: string): number | null {
    const text = this.read(`/run/qemu-server/${vmid}.pid`);
    return text === null ? null : Number(text);
  }

  /** CPUs of each vCPU thread, of all other threads. */
  masks(vmid: string): { readonly vcpus: readonly string[]; readonly emulator: readonly string[] } {
    const pid = this.pidOf(vmid);
    const threads = pid === null ? [] : readQemuThreads(localFiles(this.root), pid);
    const of = (role: string) =>
      threads
        .filter(thread => (thread.role === 'vcpu') === (role === 'vcpu'))
        .map(thread => thread.allowed.toString());
    return { vcpus: of('vcpu'), emulator: [...new Set(of('emulator'))] };
  }

  workersCpus(pid: number): string | undefined {
    return /^Cpus_allowed_list:\t(.*)$/m.exec(this.read(`/proc/${pid}/status`) ?? '')?.[1];
  }

  /** VM, kind of claim and CPUs of each entry of the ledger. */
  holders(): readonly (readonly [string, string, string])[] {
    const { entries } = JSON.parse(this.read('/run/pinfold/ledger.json') ?? '{"entries":[]}') as Ledger;
    return entries.map(({ vm, claim }) => [
      vm,
      claim.source,
      claim.cells.map(({ pcpus }) => pcpus).join(';'),
    ]);
  }

  /** Programs that were run, by their words. */
  runs(): readonly string[] {
    const lines = (this.read('/run/pinfold/effects.jsonl') ?? '').split('\n').filter(Boolean);
    return lines.map(line => (JSON.parse(line) as { run: string[] }).run.join(' '));
  }

  dropIn(vmid: string): string | null {
    return this.read(`/run/systemd/system/${vmid}.scope.d/50-pinfold.conf`);
  }

  /** What a start leaves while it lasts: drop-in folders, records of masks, half-written files. */
  leftovers(): readonly string[] {
    return [
      ...this.list('/run/systemd/system'),
      ...this.list('/run/pinfold').filter(name => /^worker-|\.tmp$|\.new$/.test(name)),
    ];
  }

  async remove(): Promise<void> {
    await Promise.all(this.#workers.map(({ pid }) => this.endWorker(pid ?? 0)));
    rmSync(this.root, { recursive: true, force: true });
  }
}
