import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import type { ExclusiveGuest } from '../../src/formats/cgroup/partition-leaf.ts';
import { mustRun, runProgram } from '../kit/run-program.ts';
import { sleep, waitUntil } from '../kit/wait-until.ts';
import { STATE_FILE } from './exclusivity.ts';
import {
  cgroupText,
  pin,
  startGuest,
  startLoop,
  watch,
  type SpinningGuest,
  type Watch,
} from './spinning-guests.ts';
import type { Stage } from './stage.ts';

const TIMEOUT_MS = 60_000;
const PARTITION_FILE = 'cpuset.cpus.partition';

/** Guests and loops of one scenario, ended with it whatever happens. */
export class ExclusiveHost {
  readonly #stage: Stage;
  readonly #guests: SpinningGuest[] = [];
  /** Processes that never rest and hold no CPUs, by what they are. */
  readonly outsiders = new Map<string, number>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** A dedicated guest with its vCPUs pinned one by one to these CPUs, and its other threads to CPU 0. */
  async dedicated(vm: string, cpus: readonly number[]): Promise<ExclusiveGuest & { readonly pid: number }> {
    const guest = await startGuest(vm, cpus.length, true);
    this.#guests.push(guest);
    await pin(guest.pid, '0', true);
    for (const [index, { tid }] of guest.vcpus.entries()) await pin(tid, `${cpus[index]!}`);
    return {
      vm,
      scope: guest.scope,
      pid: guest.pid,
      vcpus: guest.vcpus.map(({ tid, number }, index) => ({ tid, vcpu: number!, cpus: `${cpus[index]!}` })),
    };
  }

  /** A guest of one vCPU without policy. */
  async undedicated(vm: string): Promise<SpinningGuest> {
    const guest = await startGuest(vm, 1, false);
    this.#guests.push(guest);
    return guest;
  }

  /**
   * Two guests without policy, a service and a container-like cgroup, none of which ever rests; each is let run on these
   * CPUs and nowhere else, so that they are where they must not be when somebody takes the CPUs.
   */
  async startOutsiders(cpus: string): Promise<void> {
    for (const vm of ['903', '904']) this.outsiders.set(`guest ${vm}`, (await this.undedicated(vm)).pid);
    for (const where of ['service', 'container'] as const) this.outsiders.set(where, await startLoop(where));
    for (const pid of this.outsiders.values()) await pin(pid, cpus, true);
  }

  /** Everybody who never rests for some seconds: the outsiders, and these guests. */
  async watch(guests: readonly { readonly pid: number }[]): Promise<Watch> {
    return watch([...this.outsiders.values(), ...guests.map(({ pid }) => pid)]);
  }

  /** That the outsiders ran, and on none of these CPUs, by their own account and by the CPUs'. */
  async staysOff(cpus: readonly number[], owners: readonly { readonly pid: number }[]): Promise<void> {
    const seen = await this.watch(owners);
    for (const [name, pid] of this.outsiders) {
      const stretch = seen.stretches.get(pid)!;
      this.#stage.holds(`${name} ran meanwhile, in ticks`, stretch.ticks > 5, stretch.ticks);
      const astray = stretch.cpus.filter(cpu => cpus.includes(cpu));
      this.#stage.check(
        `dedicated CPUs that ${name} ran on (it was on ${stretch.cpus.join(',')})`,
        astray,
        [],
      );
    }
    const busy = cpus.reduce((sum, cpu) => sum + (seen.busyTicks[cpu] ?? 0), 0);
    const own = owners.reduce((sum, { pid }) => sum + seen.stretches.get(pid)!.ticks, 0);
    // The kernel's own threads and interrupts run there too, a few ticks a second under emulation.
    this.#stage.holds(
      `CPUs ${cpus.join(',')} were busy with their vCPUs and next to nothing else, in ticks [CPUs, vCPUs]`,
      busy <= own + 40,
      [busy, own],
    );
  }

  /** Whether every outsider is seen on one of these CPUs: that the check would notice. */
  async areOn(cpus: readonly number[]): Promise<void> {
    const seen = await this.watch([]);
    for (const [name, pid] of this.outsiders)
      this.#stage.holds(
        `before, ${name} runs on CPUs that are to be dedicated`,
        seen.stretches.get(pid)!.cpus.some(cpu => cpus.includes(cpu)),
        seen.stretches.get(pid)!.cpus,
      );
  }

  /** Stops a guest as Proxmox VE does, by its scope, and waits until its cgroup is gone. */
  async stop({ vm, scope }: { readonly vm: string; readonly scope: string }): Promise<void> {
    this.#wake();
    await mustRun(['systemctl', 'stop', `${vm}.scope`], { timeoutMs: TIMEOUT_MS });
    await waitUntil(() => (existsSync(`/sys/fs/cgroup${scope}`) ? null : true), {
      what: `the end of ${scope}`,
      timeoutMs: TIMEOUT_MS,
      explain: () => leftOf(scope),
    });
    rmSync(`/run/systemd/system/${vm}.scope.d`, { recursive: true, force: true });
  }

  /** Ends everything that was started here. */
  async end(): Promise<void> {
    this.#wake();
    for (const guest of this.#guests)
      await runProgram(['systemctl', 'stop', `${guest.vm}.scope`], { timeoutMs: TIMEOUT_MS });
    await runProgram(['systemctl', 'stop', 'pinfold-loop.service'], { timeoutMs: TIMEOUT_MS });
    const container = this.outsiders.get('container');
    if (container !== undefined) process.kill(container, 'SIGKILL');
    for (const { vm } of this.#guests)
      rmSync(`/run/systemd/system/${vm}.scope.d`, { recursive: true, force: true });
    for (let left = 20; left > 0 && existsSync('/sys/fs/cgroup/lxc'); left -= 1) {
      await sleep(200);
      try {
        for (const group of ['/lxc/200', '/lxc']) rmdirSync(`/sys/fs/cgroup${group}`);
      } catch {
        // The killed process is not gone yet.
      }
    }
    rmSync('/run/pinfold-suite', { recursive: true, force: true });
  }

  /** A guest that rests would not hear that it is to end. */
  #wake(): void {
    for (const { pid } of this.#guests) {
      try {
        process.kill(pid, 'SIGCONT');
      } catch {
        // It has ended already.
      }
    }
  }

  /** Whether anything is remembered about who holds CPUs. */
  get remembers(): boolean {
    return existsSync(STATE_FILE);
  }
}

/** What a scope that systemd has given up still holds, group by group. */
function leftOf(scope: string): string {
  const groups = [scope, ...childrenOf(scope).map(name => `${scope}/${name}`)];
  const files = ['cgroup.type', 'cgroup.events', 'cgroup.threads', PARTITION_FILE];
  return groups
    .map(group => `${group}: ${files.map(file => `${file} = ${cgroupText(group, file)}`).join('; ')}`)
    .join('\n');
}

function childrenOf(scope: string): readonly string[] {
  try {
    return readdirSync(`/sys/fs/cgroup${scope}`, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
