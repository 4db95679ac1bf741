import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { cpuNumbers } from '../kit/cpu-numbers.ts';
import { processIdentity } from '../kit/process-identity.ts';
import { runProgram, type ProgramEnd } from '../kit/run-program.ts';
import { sleep, waitUntil } from '../kit/wait-until.ts';
import { installPveNode } from '../proxmox/install-node.ts';
import { TASKS } from '../proxmox/task-log.ts';
import type { HookSettings } from './hook-settings.ts';
import { installPinfold, type PveOperator } from './install-pinfold.ts';
import { stateFiles, type LedgerRecord } from './ledger-file.ts';
import { liveThreads, type LiveThread } from './live-threads.ts';
import { cpusetOf, notedThreads, scopeDropIns, textOf } from './pve-reading.ts';
import { CheckFailed, type Stage } from './stage.ts';

const QM_TIMEOUT_MS = 240_000;
/** qmeventd sees a QEMU's end at once; `qm cleanup` and the hook take some seconds under TCG. */
const CLEANUP_TIMEOUT_MS = 60_000;

/** A running VM as kernel and ledger see it in one moment. */
export interface SeenVm {
  readonly pid: number;
  readonly threads: readonly LiveThread[];
  readonly record: LedgerRecord;
}

/** What was noted of a QEMU between its launch and post-start. */
export interface Newborn {
  readonly threads: ReturnType<typeof notedThreads>;
  readonly numaMaps: string;
}

/** The node as Proxmox VE's administrator has it: `qm`, configs, hooks; and the checks on what comes of them. */
export class PveStage {
  readonly #stage: Stage;
  readonly #delivery: string;
  readonly #hookSettings: HookSettings;
  readonly #swallowsNudge: boolean;
  readonly #configs = join('/etc/pve/nodes', hostname(), 'qemu-server');

  /**
   * @param swallowsNudge broken on purpose: the watched hook's nudge never reaches systemd
   */
  constructor(
    stage: Stage,
    settings: {
      readonly delivery: string;
      readonly hookSettings: HookSettings;
      readonly swallowsNudge: boolean;
    },
  ) {
    this.#stage = stage;
    this.#delivery = settings.delivery;
    this.#hookSettings = settings.hookSettings;
    this.#swallowsNudge = settings.swallowsNudge;
  }

  /** Makes a node of this machine and puts Pinfold on it, with what the operator wants. */
  async install(operator: PveOperator): Promise<void> {
    const settings = Object.entries(this.#hookSettings).map(([name, value]) => `export ${name}=${value}`);
    await installPveNode(join(this.#delivery, 'integration/proxmox/qm.cjs'), settings);
    installPinfold(this.#delivery, operator);
    rmSync(TASKS, { recursive: true, force: true });
  }

  /** The Debian package that was brought along. */
  get packageFile(): string {
    const folder = join(this.#delivery, 'package');
    const [name] = readdirSync(folder).filter(file => file.endsWith('.deb'));
    if (name === undefined) throw new CheckFailed(`There is no package in ${folder}.`);
    return join(folder, name);
  }

  /** Writes a VM's config; with a policy its hook script is Pinfold's unless the settings name another. */
  configure(vmid: number, settings: Readonly<Record<string, string | number>>): void {
    const lines = Object.entries({ kvm: 0, ...settings }).map(([key, value]) => `${key}: ${value}`);
    mkdirSync(this.#configs, { recursive: true });
    writeFileSync(join(this.#configs, `${vmid}.conf`), `${lines.sort().join('\n')}\n`);
  }

  config(vmid: number): string {
    return readFileSync(join(this.#configs, `${vmid}.conf`), 'utf8');
  }

  /** A snippet of this name, executable unless said otherwise. */
  snippet(name: string, lines: readonly string[], executable = true): void {
    const path = `/var/lib/vz/snippets/${name}`;
    writeFileSync(path, `${['#!/bin/sh', ...lines].join('\n')}\n`);
    chmodSync(path, executable ? 0o755 : 0o644);
  }

  /**
   * A hook script that notes what is seen of QEMU as post-start finds it, and then becomes Pinfold's: same process, same
   * parent. Returns its volume.
   */
  watchedHook(): string {
    this.snippet('watched', [
      ...(this.#swallowsNudge ? this.withoutNudge() : []),
      'if [ "$2" = post-start ]; then',
      '  pid=$(cat /var/run/qemu-server/"$1".pid)',
      '  grep -H -E "^(Name|Cpus_allowed_list|Mems_allowed_list):" /proc/$pid/task/*/status > /run/newborn-"$1".status',
      '  cat /proc/$pid/numa_maps > /run/newborn-"$1".numa',
      'fi',
      'exec /var/lib/vz/snippets/pinfold "$@"',
    ]);
    return 'local:snippets/watched';
  }

  /**
   * Lines of shell behind which Pinfold's nudge never reaches systemd: a systemctl that swallows it, and passes on all else,
   * stands first in the path.
   */
  withoutNudge(): string[] {
    mkdirSync('/opt/no-nudge', { recursive: true });
    writeFileSync(
      '/opt/no-nudge/systemctl',
      '#!/bin/sh\ncase "$*" in *pinfold-nudge*) echo LoadState=not-found; exit 0 ;; esac\nexec /usr/bin/systemctl "$@"\n',
      { mode: 0o755 },
    );
    return ['PATH=/opt/no-nudge:$PATH; export PATH'];
  }

  /** What the watched hook noted. */
  newborn(vmid: number): Newborn {
    return {
      threads: notedThreads(textOf(`/run/newborn-${vmid}.status`)),
      numaMaps: textOf(`/run/newborn-${vmid}.numa`),
    };
  }

  /** Runs `qm`, whatever comes of it; its task log is printed. */
  async qm(...words: readonly (string | number)[]): Promise<ProgramEnd> {
    const end = await runProgram(['/usr/sbin/qm', ...words.map(String)], { timeoutMs: QM_TIMEOUT_MS });
    this.#stage.say(
      `qm ${words.join(' ')}: exit code ${end.code ?? 'none'} after ${(end.millis / 1000).toFixed(1)} s`,
    );
    for (const line of `${end.stdout}${end.stderr}`.split('\n').filter(Boolean))
      this.#stage.say(`  log: ${line}`);
    return end;
  }

  /** Runs `qm`, which must work, and returns its task log. */
  async mustQm(...words: readonly (string | number)[]): Promise<string> {
    const end = await this.qm(...words);
    if (end.code !== 0)
      throw new CheckFailed(`qm ${words.join(' ')} must work, but: ${end.stdout}${end.stderr}`);
    return end.stdout + end.stderr;
  }

  /** The pid of the VM's QEMU, null when it does not run. */
  pidOf(vmid: number): number | null {
    const pid = Number(textOf(`/var/run/qemu-server/${vmid}.pid`));
    return pid > 0 && processIdentity(pid) !== null ? pid : null;
  }

  /** Ends a VM's QEMU from outside and waits until qmeventd's clean-up is over. */
  async kill(vmid: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const pid = this.pidOf(vmid);
    if (pid === null) throw new CheckFailed(`VM ${vmid} must run, but it does not.`);
    process.kill(pid, signal);
    await waitUntil(() => (this.pidOf(vmid) === null ? true : null), {
      what: `VM ${vmid} to end`,
      timeoutMs: CLEANUP_TIMEOUT_MS,
    });
  }

  /** Waits until nothing is left of a VM but its config. */
  async gone(vmid: number): Promise<void> {
    await waitUntil(() => (this.leftovers(vmid).length === 0 ? true : null), {
      what: `nothing to be left of VM ${vmid}`,
      timeoutMs: CLEANUP_TIMEOUT_MS,
      explain: () => this.leftovers(vmid).join('; '),
    });
    this.#stage.check(`what is left of VM ${vmid}`, this.leftovers(vmid), []);
  }

  /** All that a VM could leave: process, claim, drop-in, scope, mask of a worker. */
  leftovers(vmid: number): string[] {
    const ledger = this.#stage.ledger.some(({ vm }) => vm === String(vmid));
    return [
      ...(this.pidOf(vmid) === null ? [] : ['its QEMU runs']),
      ...(ledger ? ['its claim is in the ledger'] : []),
      ...scopeDropIns()
        .filter(path => path.startsWith(`${vmid}.`))
        .map(path => `drop-in ${path}`),
      ...(existsSync(`/sys/fs/cgroup/qemu.slice/${vmid}.scope`) ? ['its cgroup'] : []),
      ...stateFiles()
        .filter(name => name.startsWith('worker-'))
        .map(name => `mask ${name}`),
    ];
  }

  /** Names of all files of Pinfold's state for root. */
  get stateFiles(): string[] {
    return stateFiles();
  }

  /** Kernel and ledger on a VM that runs and has a placement. */
  see(vmid: number): SeenVm {
    const pid = this.pidOf(vmid);
    const record = this.#stage.ledger.find(({ vm }) => vm === String(vmid));
    if (pid === null || record?.placement === null || record === undefined)
      throw new CheckFailed(
        `VM ${vmid} must run with a placement; pid ${pid ?? 'none'}, ledger ${JSON.stringify(this.#stage.ledger)}.`,
      );
    return { pid, record, threads: liveThreads(pid) };
  }

  /** Each thread of a VM is where it was decided, and the claim is bound to this very process. */
  agrees(vmid: number, vcpus: number): SeenVm {
    const seen = this.see(vmid);
    const placement = seen.record.placement!;
    const check = this.#stage.check.bind(this.#stage);
    check(`process of VM ${vmid}'s claim`, seen.record.process, processIdentity(seen.pid));
    const of = (role: LiveThread['role']) => seen.threads.filter(thread => thread.role === role);
    check(`vCPU threads of VM ${vmid}`, of('vcpu').length, vcpus);
    for (const thread of of('vcpu'))
      check(
        `mask of VM ${vmid}'s thread "${thread.name}"`,
        thread.cpus,
        cpuNumbers(placement.pins[String(thread.number)] ?? ''),
      );
    const emulator = cpuNumbers(placement.emulator.cpus);
    const astray = of('emulator').filter(({ cpus }) => cpus.join() !== emulator.join());
    check(
      `VM ${vmid}'s emulator threads off ${emulator.join()} (of ${of('emulator').length})`,
      astray.map(({ name, cpus }) => [name, cpus.join()]),
      [],
    );
    return seen;
  }

  /** The CPUs of a VM's vCPUs by the ledger. */
  vcpuCpus(vmid: number): number[] {
    return Object.values(this.see(vmid).record.placement!.pins)
      .flatMap(cpuNumbers)
      .sort((a, b) => a - b);
  }

  /** The partition of a VM's vCPU threads: what the kernel says of it. */
  partition(vmid: number): ReturnType<typeof cpusetOf> {
    return cpusetOf(`qemu.slice/${vmid}.scope/vcpus`);
  }

  /** That the partition is valid and holds exactly the vCPUs' CPUs. */
  isPartition(vmid: number, when: string): void {
    const { effective, partition } = this.partition(vmid);
    this.#stage.holds(
      `VM ${vmid}'s vcpus is a valid partition ${when}`,
      /^(?:root|isolated)$/.test(partition),
      partition,
    );
    this.#stage.check(`CPUs of VM ${vmid}'s partition ${when}`, cpuNumbers(effective), this.vcpuCpus(vmid));
  }

  /** User threads of the machine, but for those of these VMs, that may run on any of these CPUs. */
  intruders(cpus: readonly number[], vmids: readonly number[]): string[] {
    const own = new Set(vmids.map(vmid => this.pidOf(vmid)));
    return (
      readdirSync('/proc')
        .filter(name => /^\d+$/.test(name) && !own.has(Number(name)))
        // A kernel thread has no command line, and those of a CPU stay on it.
        .filter(pid => textOf(`/proc/${pid}/cmdline`) !== '')
        .flatMap(pid => liveThreads(Number(pid)).map(thread => ({ pid, ...thread })))
        .filter(thread => thread.cpus.some(cpu => cpus.includes(cpu)))
        .map(({ pid, name, cpus: allowed }) => `${pid} ${name} on ${allowed.join()}`)
    );
  }

  /**
   * Waits until qmeventd's `qm cleanup` of QEMUs that have ended is over. It holds the VM's lock, and where the VM was started again
   * meanwhile it waits for that QEMU to end, for 30 s.
   */
  async cleanedUp(): Promise<void> {
    // qmeventd hears of the end of a QEMU in its own time.
    await sleep(500);
    const cleanUps = () =>
      readdirSync('/proc').filter(pid => /\0cleanup\0\d+\0/.test(textOf(`/proc/${pid}/cmdline`)));
    await waitUntil(() => (cleanUps().length === 0 ? true : null), {
      what: 'the clean-ups of QEMUs that have ended',
      timeoutMs: CLEANUP_TIMEOUT_MS,
    });
  }

  /** Ends all VMs and forgets their configs. */
  async clear(): Promise<void> {
    const configs = existsSync(this.#configs) ? readdirSync(this.#configs) : [];
    for (const name of configs) {
      const vmid = Number(/^(\d+)\.conf$/.exec(name)?.[1]);
      if (this.pidOf(vmid) !== null) await this.qm('stop', vmid);
      // It refuses while somebody holds the VM's lock, and no QEMU may stay.
      if (this.pidOf(vmid) !== null) await this.kill(vmid, 'SIGKILL');
    }
    // They read the configs.
    await this.cleanedUp();
    for (const name of configs) rmSync(join(this.#configs, name), { force: true });
  }
}
